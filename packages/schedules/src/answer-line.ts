import { daysInMonth } from './calendar/date.ts';
import { ScheduleError } from './error.ts';
import { compileSchedule } from './schedule.ts';
import type { Instant, ScheduleKind } from './types.ts';
import { validateSchedule } from './validate.ts';
import { canonicalZone } from './zones/names.ts';

/** The most occurrences one line may ask for. */
const MAX_COUNT = 10_000;

/**
 * Answers one line of `overdue schedule` (running.md): JSON `{"kind","expr","tz","start","count"}` in,
 * `{"next":["2025-01-01T00:00:00Z",…]}` or `{"error":"why it is not valid"}` out. `start` is ISO 8601 with an offset;
 * `tz` is `UTC` and `count` 1 when left out. Fewer instants than asked for mean that there are no more. Never throws.
 */
export function answerScheduleLine(line: string): string {
  try {
    return JSON.stringify({ next: nextOccurrences(line) });
  } catch (error) {
    if (error instanceof ScheduleError) return JSON.stringify({ error: error.message });
    throw error;
  }
}

function nextOccurrences(line: string): string[] {
  const { kind, expr, tz = 'UTC', start, count = 1 } = parseObject(line);
  if (!isKind(kind)) throw new ScheduleError('kind is not "cron" or "oncalendar"');
  if (typeof expr !== 'string') throw new ScheduleError('expr is not a string');
  // The expression first: whether it is valid does not depend on the rest.
  const verdict = validateSchedule(kind, expr);
  if (!verdict.ok) throw new ScheduleError(verdict.reason);
  const zone = typeof tz === 'string' ? canonicalZone(tz) : null;
  if (zone === null) throw new ScheduleError('tz is not a valid timezone');
  const from = parseInstant(start);
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > MAX_COUNT) {
    throw new ScheduleError(`count is not a whole number from 0 to ${MAX_COUNT}`);
  }
  const next: string[] = [];
  if (count === 0) return next;
  for (const instant of compileSchedule(kind, expr, zone).occurrences(from)) {
    if (next.push(printInstant(instant)) === count) break;
  }
  return next;
}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ScheduleError('The line is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ScheduleError('The line is not a JSON object');
  }
  return value as Record<string, unknown>;
}

function isKind(value: unknown): value is ScheduleKind {
  return value === 'cron' || value === 'oncalendar';
}

const ISO_WITH_OFFSET = /^(\d{4})-(\d\d)-(\d\d)[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i;

function parseInstant(value: unknown): Instant {
  const parts = typeof value === 'string' ? ISO_WITH_OFFSET.exec(value) : null;
  const instant = parts === null ? Number.NaN : Date.parse(parts[0]);
  if (Number.isNaN(instant)) throw new ScheduleError('start is not an ISO 8601 time with an offset or Z');
  const [year, month, day] = parts!.slice(1, 4).map(Number);
  // Date.parse takes 30 February for 2 March.
  if (day! > daysInMonth(year!, month!)) throw new ScheduleError('start is on a day that does not exist');
  return instant;
}

/** Occurrences are whole seconds, so the milliseconds are left out. */
function printInstant(instant: Instant): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z');
}
