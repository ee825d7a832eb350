/** A schedule's text or zone cannot be used; the message says which part, in the words of schedules.md C11 and O13. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}
