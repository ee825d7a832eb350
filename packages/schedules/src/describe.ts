import type { ScheduleKind } from './types.ts';
export function describeSchedule(_kind: ScheduleKind, expr: string): string {
  return expr;
}
