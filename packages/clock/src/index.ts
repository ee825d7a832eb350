/**
 * Time enters the product here and nowhere else.
 *
 * Everything below a service's main takes a {@link Clock}; pure functions take an {@link Instant}. That lets a test or
 * the simulation run a year in a second, and is enforced by the linter (no `Date.now()`, `new Date()` or timers
 * elsewhere).
 */

export type { Clock, Instant, Milliseconds, Timer } from './clock.ts';
export { systemClock } from './system.ts';
export { VirtualClock } from './virtual.ts';
