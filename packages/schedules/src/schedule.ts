import { CronEvaluator } from './cron/evaluate.ts';
import { parseCron } from './cron/parse.ts';
import { OnCalendarEvaluator } from './oncalendar/evaluate.ts';
import { parseOnCalendar } from './oncalendar/parse.ts';
import { RecentlyUsed } from './recently-used.ts';
import type { Evaluator, Instant, Schedule, ScheduleKind } from './types.ts';
import { Zone } from './zones/zone.ts';

/** The ingester evaluates a schedule for each ping; most of an installation's checks share a few hundred of them. */
const compiled = new RecentlyUsed<Schedule>(5000);

/**
 * Parses `expr` and binds it to the zone `tz` (any name of the tz database, exact case). Equal arguments give the same
 * object, from a cache. An expression that can never match is not refused here but by `validateSchedule`; its `next`
 * answers null.
 * @throws {ScheduleError} when the expression does not parse (messages of schedules.md C11, O13) or there is no such zone.
 */
export function compileSchedule(kind: ScheduleKind, expr: string, tz: string): Schedule {
  const key = `${kind}\n${tz}\n${expr}`;
  let schedule = compiled.get(key);
  if (schedule === undefined) {
    const zone = Zone.named(tz);
    const evaluator =
      kind === 'cron' ? new CronEvaluator(parseCron(expr), zone) : new OnCalendarEvaluator(parseOnCalendar(expr), zone);
    schedule = new CompiledSchedule(kind, expr, tz, evaluator);
    compiled.set(key, schedule);
  }
  return schedule;
}

class CompiledSchedule implements Schedule {
  readonly kind: ScheduleKind;
  readonly expr: string;
  readonly tz: string;
  readonly #evaluator: Evaluator;

  constructor(kind: ScheduleKind, expr: string, tz: string, evaluator: Evaluator) {
    this.kind = kind;
    this.expr = expr;
    this.tz = tz;
    this.#evaluator = evaluator;
  }

  next(after: Instant): Instant | null {
    return this.#evaluator.next(after);
  }

  *occurrences(after: Instant): IterableIterator<Instant> {
    for (let next = this.next(after); next !== null; next = this.next(next)) yield next;
  }
}
