import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { downtimes, formatUptime, uptime } from './downtimes.ts';
import { latestPeriods, type PeriodUnit } from './periods.ts';
import { DAY, HOUR, MINUTE, utc } from './testing.ts';

const LONG_AGO = utc('2010-01-01');
const flip = (at: string, old_status: string) => ({ created_at: utc(at), old_status });

describe('periods (T1)', () => {
  test.each<[PeriodUnit, string, string, string[]]>([
    ['month', '2020-01-15', 'UTC', ['2020-01-01', '2019-12-01', '2019-11-01']],
    ['month', '2020-01-15', 'Europe/Riga', ['2019-12-31T22:00', '2019-11-30T22:00', '2019-10-31T22:00']],
    ['month', '2019-12-31T23:00', 'Europe/Riga', ['2019-12-31T22:00', '2019-11-30T22:00', '2019-10-31T22:00']],
    ['week', '2020-01-13T02:00', 'UTC', ['2020-01-13', '2020-01-06', '2019-12-30']],
    // status-and-alerting.md 12.11: the same instant is still Sunday in New York.
    ['week', '2020-01-13T02:00', 'America/New_York', ['2020-01-06T05:00', '2019-12-30T05:00', '2019-12-23T05:00']],
    ['week', '2020-01-13T02:00', 'Asia/Tokyo', ['2020-01-12T15:00', '2020-01-05T15:00', '2019-12-29T15:00']],
    ['day', '2023-10-29T12:00', 'Europe/Riga', ['2023-10-28T21:00', '2023-10-27T21:00', '2023-10-26T21:00']],
    ['day', '2023-10-30T12:00', 'Europe/Riga', ['2023-10-29T22:00', '2023-10-28T21:00', '2023-10-27T21:00']],
    // Clocks went from 23:59:59 to 01:00 there: the day begins with the change.
    ['day', '2018-11-04T12:00', 'America/Sao_Paulo', ['2018-11-04T03:00', '2018-11-03T03:00', '2018-11-02T03:00']],
  ])('%s at %s in %s', (unit, now, tz, starts) => {
    const periods = latestPeriods(unit, 3, utc(now), tz);
    expect(periods.map(({ start }) => new Date(start).toISOString().slice(0, 16))).toEqual(
      starts.map((start) => new Date(utc(start)).toISOString().slice(0, 16)),
    );
    expect(periods.slice(1).map(({ end }) => end)).toEqual(periods.slice(0, -1).map(({ start }) => start));
  });

  test('carry the local date of their start, and end where the next begins', () => {
    expect(latestPeriods('month', 2, utc('2019-12-31T23:00'), 'Europe/Riga')).toEqual([
      { start: utc('2019-12-31T22:00'), end: utc('2020-01-31T22:00'), date: { year: 2020, month: 1, day: 1 } },
      { start: utc('2019-11-30T22:00'), end: utc('2019-12-31T22:00'), date: { year: 2019, month: 12, day: 1 } },
    ]);
  });

  test('of an unknown zone are refused', () => {
    expect(() => latestPeriods('day', 1, 0, 'Mars/Olympus')).toThrow('Unknown time zone');
  });

  test('month lengths include clock changes (T7)', () => {
    const length = (now: string) => {
      const [month] = latestPeriods('month', 1, utc(now), 'Europe/Riga');
      return month!.end - month!.start;
    };
    expect(length('2023-10-15')).toBe(31 * DAY + HOUR);
    expect(length('2024-03-15')).toBe(31 * DAY - HOUR);
  });
});

describe('downtimes', () => {
  const now = utc('2020-01-15');
  const months = (tz = 'UTC') => latestPeriods('month', 3, now, tz);
  const sums = (status: 'up' | 'down' | 'new' | 'paused', flips: ReturnType<typeof flip>[], tz = 'UTC') =>
    downtimes({ status, created_at: LONG_AGO }, flips, months(tz), now).map(({ count, downtime_ms }) => [
      count,
      downtime_ms,
    ]);

  test('of the example (T9)', () => {
    const result = downtimes({ status: 'down', created_at: LONG_AGO }, [flip('2019-11-15', 'up')], months(), now);
    expect(result.map(({ count, downtime_ms }) => [count, downtime_ms])).toEqual([
      [1, 14 * DAY],
      [1, 31 * DAY],
      [1, 16 * DAY],
    ]);
    expect(result.map(uptime)).toEqual([17 / 31, 0, 14 / 30]);
  });

  test('of the example in Riga', () => {
    expect(sums('down', [flip('2019-12-31T23:00', 'up')], 'Europe/Riga')).toEqual([
      [1, 14 * DAY + HOUR],
      [0, 0],
      [0, 0],
    ]);
  });

  test('without flips are by the stored status (T5)', () => {
    expect(sums('down', [])).toEqual([
      [1, 14 * DAY],
      [1, 31 * DAY],
      [1, 30 * DAY],
    ]);
    for (const status of ['up', 'new', 'paused'] as const) expect(sums(status, [])).toEqual(Array(3).fill([0, 0]));
  });

  test('count each stretch, adjacent ones too (T3)', () => {
    const flips = [
      flip('2020-01-10', 'down'),
      flip('2020-01-09', 'up'),
      flip('2020-01-05T12:00', 'down'),
      flip('2020-01-05', 'down'),
      flip('2020-01-04', 'up'),
      flip('2019-12-01', 'paused'),
    ];
    expect(sums('up', flips)).toEqual([
      [3, 2.5 * DAY],
      [0, 0],
      [0, 0],
    ]);
  });

  test('do not count one that ends where a period starts (T4)', () => {
    expect(sums('up', [flip('2020-01-01', 'down'), flip('2019-12-31', 'up')])).toEqual([
      [0, 0],
      [1, DAY],
      [0, 0],
    ]);
  });

  test('leave out what was before the oldest period, whether or not it is given', () => {
    const recent = [flip('2020-01-02', 'down'), flip('2020-01-01', 'up')];
    const old = [flip('2019-11-01', 'down'), flip('2019-10-20', 'up'), flip('2019-10-10', 'down')];
    expect(sums('up', [...recent, ...old])).toEqual(sums('up', recent));
  });

  test('believe a success that arrived before the deadline and was applied after it', () => {
    const flips = [flip('2020-01-09T11:00', 'down'), flip('2020-01-09T12:00', 'up'), flip('2020-01-01', 'new')];
    expect(sums('up', flips)).toEqual(Array(3).fill([0, 0]));
  });

  test('know when there is nothing to be known (T6)', () => {
    const noData = (created: string) =>
      downtimes({ status: 'up', created_at: utc(created) }, [], months(), now).map(({ no_data }) => no_data);
    expect(noData('2020-01-14')).toEqual([false, true, true]);
    expect(noData('2020-01-01')).toEqual([false, false, true]);
    expect(noData('2019-12-31')).toEqual([false, false, true]);
    expect(noData('2019-11-02')).toEqual([false, false, false]);
  });

  test('add up minute by minute', () => {
    const status = fc.constantFrom('up', 'down', 'paused', 'new');
    const history = fc.record({
      first: status,
      flips: fc.array(fc.record({ minute: fc.integer({ min: 1, max: 4 * 1440 - 1 }), to: status }), { maxLength: 8 }),
    });
    fc.assert(
      fc.property(history, ({ first, flips }) => {
        const start = utc('2024-03-30');
        const end = start + 4 * DAY;
        const ordered = flips.toSorted((a, b) => a.minute - b.minute);
        const rows = ordered.map(({ minute }, i) => ({
          created_at: start + minute * MINUTE,
          old_status: i === 0 ? first : ordered[i - 1]!.to,
        }));
        const last = (ordered.at(-1)?.to ?? first) as 'up';
        const periods = latestPeriods('day', 6, end, 'Europe/Riga');
        const result = downtimes({ status: last, created_at: LONG_AGO }, rows.toReversed(), periods, end);
        const expected = periods.map(() => 0);
        for (let at = periods.at(-1)!.start; at < end; at += MINUTE) {
          const since = ordered.findLast(({ minute }) => start + minute * MINUTE <= at);
          if ((since?.to ?? first) !== 'down') continue;
          expected[periods.findIndex((p) => p.start <= at && at < p.end)]! += MINUTE;
        }
        expect(result.map(({ downtime_ms }) => downtime_ms)).toEqual(expected);
        expect(result.every(({ count, downtime_ms }) => count > 0 === downtime_ms > 0)).toBe(true);
      }),
    );
  });
});

test.each([
  [1, '100.0'],
  [0.999999, '99.99'],
  [0.99999, '99.99'],
  [0.9986, '99.86'],
  [0.999, '99.9'],
  [0.57, '57.0'],
  [0.5, '50.0'],
  [0.07, '7.0'],
  [0, '0.0'],
])('uptime of %d is %s %% (T7)', (ratio, text) => {
  expect(formatUptime(ratio)).toBe(text);
});
