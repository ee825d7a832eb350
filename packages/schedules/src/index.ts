/** Cron and OnCalendar schedules: parsing, evaluation over time zones, validation, words. Interface first; being filled in. */
export type Instant = number;
export type ScheduleKind = 'cron' | 'oncalendar';
export interface Schedule {
  readonly kind: ScheduleKind;
  readonly expr: string;
  readonly tz: string;
  next(after: Instant): Instant | null;
  occurrences(after: Instant): IterableIterator<Instant>;
}
export class ScheduleError extends Error {}
const pending = (): never => {
  throw new ScheduleError('not built yet');
};
export const compileSchedule = (_kind: ScheduleKind, _expr: string, _tz: string): Schedule => pending();
export const validateSchedule = (_kind: ScheduleKind, _expr: string): { ok: true } | { ok: false; reason: string } =>
  pending();
export const guessScheduleKind = (_expr: string): ScheduleKind => pending();
export const isZone = (_name: string): boolean => pending();
export const canonicalZone = (_name: string): string | null => pending();
export const ZONES: readonly string[] = [];
export const describeSchedule = (_kind: ScheduleKind, _expr: string): string => pending();
export const answerScheduleLine = (_line: string): string => pending();
