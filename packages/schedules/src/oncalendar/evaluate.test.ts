import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { WallPattern } from '../calendar/pattern.ts';
import { compileSchedule, ZONES } from '../index.ts';

function next(expr: string, tz: string, start: string, count: number): string[] {
  const found: string[] = [];
  for (const instant of compileSchedule('oncalendar', expr, tz).occurrences(Date.parse(start))) {
    found.push(new Date(instant).toISOString().replace(':00.000Z', 'Z'));
    if (found.length === count) break;
  }
  return found;
}

test('N3: a skipped time is dropped', () => {
  expect(next('3:30', 'Europe/Riga', '2021-03-27T00:00:00Z', 3)).toEqual([
    '2021-03-27T01:30Z',
    '2021-03-29T00:30Z',
    '2021-03-30T00:30Z',
  ]);
  expect(next('2011-12-30 12:00', 'Pacific/Apia', '2011-01-01T00:00:00Z', 1)).toEqual([]);
});

test('N4: of a repeated time the first pass only; in UTC nothing is skipped', () => {
  const start = '2021-10-31T00:40:00Z';
  expect(next('*:0/15', 'Europe/Riga', start, 3)).toEqual([
    '2021-10-31T00:45Z',
    '2021-10-31T02:00Z',
    '2021-10-31T02:15Z',
  ]);
  expect(next('*:0/15 UTC', 'Europe/Riga', start, 3)).toEqual([
    '2021-10-31T00:45Z',
    '2021-10-31T01:00Z',
    '2021-10-31T01:15Z',
  ]);
});

test('N7: from within the second pass the next is after the overlap', () => {
  expect(next('*:0/15', 'Europe/Riga', '2021-10-31T01:10:00Z', 1)).toEqual(['2021-10-31T02:00Z']);
});

test('N5, N8: lines are merged by instant, without repeats; an exhausted one drops out', () => {
  expect(next('*:00 UTC\n*:30 UTC', 'Europe/Riga', '2021-10-30T23:50:00Z', 4)).toEqual([
    '2021-10-31T00:00Z',
    '2021-10-31T00:30Z',
    '2021-10-31T01:00Z',
    '2021-10-31T01:30Z',
  ]);
  expect(next('12:00 UTC\n13:00 Europe/Paris\n2025-01-01 11:00 UTC', 'UTC', '2025-01-01T00:00:00Z', 3)).toEqual([
    '2025-01-01T11:00Z',
    '2025-01-01T12:00Z',
    '2025-01-02T12:00Z',
  ]);
});

test('a line that never matches again is searched once', () => {
  const schedule = compileSchedule('oncalendar', '1970..2198-2-30\n0:0', 'Europe/Riga');
  const months = vi.spyOn(WallPattern.prototype, 'dayMask');
  try {
    const midnight = schedule.next(Date.UTC(2025, 0, 1));
    expect(months.mock.calls.length).toBeGreaterThan(100);
    months.mockClear();
    expect(schedule.next(midnight!)).toBe(midnight! + 86_400_000);
    expect(months.mock.calls.length).toBeLessThan(5);
    // What was found out for later starts says nothing of earlier ones.
    const past = compileSchedule('oncalendar', '2020-02-29 12:00\n0:0', 'UTC');
    expect(past.next(Date.UTC(2021, 0, 1))).toBe(Date.UTC(2021, 0, 2));
    expect(past.next(Date.UTC(2020, 1, 29))).toBe(Date.UTC(2020, 1, 29, 12));
  } finally {
    vi.restoreAllMocks();
  }
});

test('O4: a line without a zone has the check’s', () => {
  expect(next('12:00\n12:00 Asia/Tokyo', 'Europe/Riga', '2025-01-01T00:00:00Z', 2)).toEqual([
    '2025-01-01T03:00Z',
    '2025-01-01T10:00Z',
  ]);
});

describe('O12: weekday and date must both match', () => {
  test.each([
    ['Mon *-*-1..7', ['2025-01-06T00:00Z', '2025-02-03T00:00Z', '2025-03-03T00:00Z']],
    ['Sun *~7/1', ['2025-01-26T00:00Z', '2025-02-23T00:00Z', '2025-03-30T00:00Z']],
    ['Mon *-05~07/1', ['2025-05-26T00:00Z', '2026-05-25T00:00Z']],
    ['*~3', ['2025-01-29T00:00Z', '2025-02-26T00:00Z', '2025-03-29T00:00Z']],
    ['*~29..31', ['2025-01-01T00:00Z', '2025-01-02T00:00Z', '2025-01-03T00:00Z', '2025-03-01T00:00Z']],
    ['quarterly', ['2025-01-01T00:00Z', '2025-04-01T00:00Z']],
    ['weekly', ['2025-01-06T00:00Z', '2025-01-13T00:00Z']],
    ['2026/7-02-29', ['2040-02-29T00:00Z', '2068-02-29T00:00Z']],
  ])('%s', (expr, expected) => expect(next(expr, 'UTC', '2024-12-31T12:00:00Z', expected.length)).toEqual(expected));
});

test('O9, N6: the calendar runs from 1970 to 2199', () => {
  expect(next('daily', 'UTC', '1950-01-01T00:00:00Z', 1)).toEqual(['1970-01-01T00:00Z']);
  expect(next('daily', 'Asia/Tokyo', '1950-01-01T00:00:00Z', 1)).toEqual(['1969-12-31T15:00Z']);
  expect(next('yearly', 'UTC', '2198-01-01T00:00:00Z', 5)).toEqual(['2199-01-01T00:00Z']);
  expect(next('2025-02-30', 'UTC', '2000-01-01T00:00:00Z', 1)).toEqual([]);
});

test('N1: whole seconds, strictly after the start', () => {
  expect(next('*:*:*', 'UTC', '2025-01-01T12:00:00.900Z', 1)).toEqual(['2025-01-01T12:00:01.000Z']);
  expect(next('12:00', 'UTC', '2025-01-01T11:59:59.900Z', 1)).toEqual(['2025-01-01T12:00Z']);
});

test('in any zone: after the start, increasing, stable', () => {
  const time = fc.constantFrom('*:*', '*:0/15', '2:30', '1..4:10,40', '0:0', '*:*:30', '23:59:59', '0/7:0/13:0/17');
  const date = fc.constantFrom('', '*-*-* ', 'Sun ', 'Sat,Sun *-3,10-* ', '*~1 ', '2007..2011-*-1..7 ', '*-9/1~2/1 ');
  const zone = fc.constantFrom('', ' UTC', ' Europe/Riga', ' Australia/Lord_Howe');
  const text = fc.tuple(date, time, zone).map((parts) => parts.join(''));
  const expr = fc.array(text, { minLength: 1, maxLength: 3 }).map((lines) => lines.join('\n'));
  const instants = fc.integer({ min: Date.UTC(1975, 0), max: Date.UTC(2045, 0) });
  fc.assert(
    fc.property(expr, fc.constantFrom(...ZONES), instants, (lines, tz, start) => {
      const schedule = compileSchedule('oncalendar', lines, tz);
      let previous = start;
      let count = 0;
      for (const instant of schedule.occurrences(start)) {
        expect(instant).toBeGreaterThan(previous);
        expect(schedule.next(instant - 1)).toBe(instant);
        previous = instant;
        if (++count === 6) break;
      }
    }),
    { numRuns: 300 },
  );
});

test('the rarest and the impossible are answered in a bounded number of look-ups', () => {
  const months = vi.spyOn(WallPattern.prototype, 'dayMask');
  try {
    for (const expr of [
      '*-2-30',
      'Mon 2199-2-28',
      '2199-12-31 23:59:59',
      '*-2~29..31 3:30:30',
      '*-*-* 3:30',
      '*:*:*',
    ]) {
      for (const tz of ['UTC', 'Europe/Riga', 'Pacific/Apia', 'America/St_Johns']) {
        for (const start of [0, Date.UTC(2011, 11, 29, 23), Date.UTC(2007, 10, 4, 2, 40), 8.6e15, -8.6e15]) {
          months.mockClear();
          compileSchedule('oncalendar', expr, tz).next(start);
          expect(months.mock.calls.length).toBeLessThanOrEqual(230 * 12);
        }
      }
    }
  } finally {
    vi.restoreAllMocks();
  }
});
