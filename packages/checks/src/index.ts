/**
 * A check's life as pure functions of (check, event, instant), and what is derived from it. No clock, no database.
 * docs/states.md tells it to users; the tables above the code of apply-ping.ts, manual.ts and go-down.ts are exact.
 */
export { alertAfter, type Gap } from './amnesty.ts';
export { applyCoalesced, applyPing, type PingTransition } from './apply-ping.ts';
export type { CheckState, Flip, LatenessFacts, PingKind, Status, Transition } from './check.ts';
export { type Covered, judgeableUntil, uncovered } from './coverage.ts';
export {
  type DisplayFields,
  type DisplayStatus,
  displayStatus,
  displayStatusV1,
  isStarted,
  nextPing,
  summaryStatus,
} from './display.ts';
export { type Downtime, downtimes, type FlipFacts, formatUptime, uptime } from './downtimes.ts';
export { formatApproximate, formatPeriod, formatRunTime, formatSentence } from './duration-text.ts';
export { explainLateness, goDown } from './go-down.ts';
export { BrokenScheduleError, expectedAt, graceStart } from './lateness.ts';
export { applyApiUpdate, clearEvents, editSchedule, pause, resume } from './manual.ts';
export { compareNaturally } from './natural-order.ts';
export { type Known, mayBeOverdue, overdueBefore } from './overdue.ts';
export { latestPeriods, type Period, type PeriodUnit, PRESS_MONTHS } from './periods.ts';
export { MAX_RUN_MS, missedStarts, type PingFacts, pingDurations } from './ping-durations.ts';
export { plural } from './plural.ts';
export { MAX_SLUG, slugify, suggestSlug } from './slug.ts';
export { tagList } from './tags.ts';
export { uniqueKey } from './unique-key.ts';
