/** A point in time: whole milliseconds since 1970-01-01T00:00:00Z (the same as `Instant` of @overdue/clock). */
export type Instant = number;

/** The two written kinds (schedules.md S1); the third kind of check, `simple`, has a period and no text. */
export type ScheduleKind = 'cron' | 'oncalendar';

/** An expression, parsed, bound to a zone. Immutable, so one instance serves any number of checks. */
export interface Schedule {
  readonly kind: ScheduleKind;
  /** As entered, untrimmed. */
  readonly expr: string;
  /** The check's zone; an OnCalendar line may carry its own, which wins for that line (O4). */
  readonly tz: string;
  /** The first occurrence strictly after `after` (E1: whole seconds), or null when there is never another. */
  next(after: Instant): Instant | null;
  /** The occurrences after `after`, strictly increasing, computed one at a time. */
  occurrences(after: Instant): IterableIterator<Instant>;
}

/** What evaluates one cron expression or one OnCalendar line in one zone. */
export interface Evaluator {
  next(after: Instant): Instant | null;
}
