import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { WallPattern } from '../calendar/pattern.ts';
import { compileSchedule, ZONES } from '../index.ts';
import { Zone } from '../zones/zone.ts';
import { cronPattern, lastYearOfSearch } from './evaluate.ts';
import { parseCron } from './parse.ts';
import { nextRunning } from './running.ts';

/** A field's text together with the numbers it stands for, made the other way round than the parser reads it. */
interface Made {
  text: string;
  values: Set<number>;
}

function field(min: number, max: number): fc.Arbitrary<Made> {
  const number = fc.integer({ min, max });
  const every = (from: number, to: number, step = 1) => {
    const values = new Set<number>();
    for (let value = from; value <= to; value += step) values.add(value);
    return values;
  };
  const item = fc.oneof(
    number.map((value) => ({ text: `${value}`, values: new Set([value]) })),
    fc.constant({ text: '*', values: every(min, max) }),
    fc.integer({ min: 1, max: 70 }).map((step) => ({ text: `*/${step}`, values: every(min, max, step) })),
    fc
      .tuple(number, number)
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
      .map(([from, to]) => ({ text: `${from}-${to}`, values: every(from, to) })),
    fc
      .tuple(number, fc.integer({ min: 1, max: 20 }))
      .map(([from, step]) => ({ text: `${from}/${step}`, values: every(from, max, step) })),
  );
  return fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => ({
    text: items.map((one) => one.text).join(','),
    values: new Set(items.flatMap((one) => [...one.values])),
  }));
}

const fields = fc.record({
  minute: field(0, 59),
  hour: field(0, 23),
  day: field(1, 31),
  month: field(1, 12),
  weekday: field(0, 7),
});

const textOf = (made: Record<'minute' | 'hour' | 'day' | 'month' | 'weekday', Made>) =>
  `${made.minute.text} ${made.hour.text} ${made.day.text} ${made.month.text} ${made.weekday.text}`;

/** Whether a wall time (as if UTC, ms) matches, by the plainest reading of E2 and C8. */
function matches(made: Record<'minute' | 'hour' | 'day' | 'month' | 'weekday', Made>, wall: number): boolean {
  const date = new Date(wall);
  const weekday = date.getUTCDay();
  const byDay = made.day.values.has(date.getUTCDate());
  const byWeekday = made.weekday.values.has(weekday) || (weekday === 0 && made.weekday.values.has(7));
  const both = made.day.text.startsWith('*') || made.weekday.text.startsWith('*');
  return (
    date.getUTCSeconds() === 0 &&
    made.minute.values.has(date.getUTCMinutes()) &&
    made.hour.values.has(date.getUTCHours()) &&
    made.month.values.has(date.getUTCMonth() + 1) &&
    (both ? byDay && byWeekday : byDay || byWeekday)
  );
}

/** In Havana, Sunday 10 March 2024 begins at 01:00, an hour that is not among these. */
const sundaysEarlyInTheMonth = {
  minute: { text: '0', values: new Set([0]) },
  hour: { text: '*/2', values: new Set([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]) },
  day: { text: '4-10', values: new Set([4, 5, 6, 7, 8, 9, 10]) },
  month: { text: '*', values: new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) },
  weekday: { text: '*/7', values: new Set([0, 7]) },
};

const instants = fc.integer({ min: Date.UTC(1975, 0), max: Date.UTC(2045, 0) });

/** Only for expressions C9 refuses, which this generator also makes. */
function compiled(expr: string, tz: string) {
  try {
    return compileSchedule('cron', expr, tz);
  } catch {
    fc.pre(false);
  }
}

describe('properties', () => {
  test('in UTC the answer is what a search minute by minute finds', () => {
    fc.assert(
      fc.property(fields, instants, (made, start) => {
        const schedule = compiled(textOf(made), 'UTC');
        const horizon = start + 20 * 86_400_000;
        let expected: number | null = null;
        for (let minute = (Math.floor(start / 60_000) + 1) * 60_000; minute <= horizon; minute += 60_000) {
          if (!matches(made, minute)) continue;
          expected = minute;
          break;
        }
        const found = schedule.next(start);
        if (expected === null) expect(found === null || found > horizon).toBe(true);
        else expect(found).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('in any zone: after the start, increasing, stable, and of the fields unless moved by a gap', () => {
    fc.assert(
      fc.property(fields, fc.constantFrom(...ZONES), instants, (made, tz, start) => {
        const schedule = compiled(textOf(made), tz);
        const zone = Zone.named(tz);
        let previous = start;
        let count = 0;
        for (const instant of schedule.occurrences(start)) {
          expect(instant).toBeGreaterThan(previous);
          expect(instant % 1000).toBe(0);
          const second = instant / 1000;
          const moved = !matches(made, (second + zone.offsetAt(second)) * 1000);
          // Moved: a forward change lies at most a minute back.
          if (moved) expect(zone.offsetAt(second)).toBeGreaterThan(zone.offsetAt(second - 60));
          // A midnight inside a gap is met only by a search that begins the day before (R6), so a second earlier.
          expect(schedule.next(instant - (moved ? 1001 : 1))).toBe(instant);
          previous = instant;
          if (++count === 6) break;
        }
      }),
      { numRuns: 300, examples: [[sundaysEarlyInTheMonth, 'America/Havana', Date.UTC(2024, 1, 4, 17)]] },
    );
  });

  test('away from clock changes the short cut agrees with the letter of R1 to R6', () => {
    const running = fields.filter((made) => made.minute.text.startsWith('*') || made.hour.text.startsWith('*'));
    fc.assert(
      fc.property(running, fc.constantFrom('UTC', 'Europe/Riga', 'America/St_Johns'), instants, (made, tz, start) => {
        const schedule = compiled(textOf(made), tz);
        const first = Math.floor(start / 1000) + 1;
        const literal = nextRunning(
          cronPattern(parseCron(schedule.expr)),
          Zone.named(tz),
          first,
          lastYearOfSearch(first),
        );
        expect(schedule.next(start)).toBe(literal === null ? null : literal * 1000);
      }),
      { numRuns: 500 },
    );
  });
});

test('the rarest and the impossible are answered in a bounded number of look-ups', () => {
  const months = vi.spyOn(WallPattern.prototype, 'dayMask');
  const offsets = vi.spyOn(Zone.prototype, 'offsetAt');
  const exprs = [
    '0 0 */28 2 MON#5',
    '0 0 */29 2 MON#5',
    '* * */29 2 MON#5',
    '*/7 2 */28 2 MON#5',
    '0 0 29 2 *',
    '59 * 31 * 7#5',
    '*/59 */23 */31 */12 */7',
    '30 * * * 0',
  ];
  try {
    for (const expr of exprs) {
      for (const tz of ['UTC', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia']) {
        const schedule = compileSchedule('cron', expr, tz);
        for (const start of [
          0,
          Date.UTC(2007, 10, 4),
          Date.UTC(2011, 11, 29, 23),
          Date.UTC(2096, 2),
          8.6e15,
          -8.6e15,
        ]) {
          months.mockClear();
          offsets.mockClear();
          schedule.next(start);
          // 51 years of months, once by wall time and once by the letter of the running mode.
          expect(months.mock.calls.length).toBeLessThanOrEqual(2 * 52 * 12);
          expect(offsets.mock.calls.length).toBeLessThanOrEqual(10_000);
        }
      }
    }
  } finally {
    vi.restoreAllMocks();
  }
});
