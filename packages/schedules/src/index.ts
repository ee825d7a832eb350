/**
 * Cron and OnCalendar schedules: reading them, the next occurrences over any time zone's clock changes, words for people.
 * Rules cited as C6, F2, … are those of the schedules reference; docs/schedules.md tells them to users.
 */
export { answerScheduleLine } from './answer-line.ts';
export { describeSchedule } from './describe.ts';
export { ScheduleError } from './error.ts';
export { compileSchedule } from './schedule.ts';
export type { Instant, ScheduleKind } from './types.ts';
export { guessScheduleKind, validateSchedule } from './validate.ts';
export { canonicalZone, ZONES } from './zones/names.ts';
export { Zone } from './zones/zone.ts';
