import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScheduleError } from '../error.ts';
import { ZONES } from './names.ts';
import { Zone } from './zone.ts';

const seconds = (iso: string) => Date.parse(iso) / 1000;
/** A wall time, written as if it were UTC. */
const wall = (iso: string) => seconds(`${iso}Z`);

/** The wall time at an instant, straight from Intl. */
function wallByIntl(zone: string, instant: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant * 1000);
  const part = (type: string) => Number(parts.find((candidate) => candidate.type === type)?.value);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) / 1000;
}

test('offsets agree with Intl at any instant in any zone', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      fc.integer({ min: seconds('1900-01-01T00:00:00Z'), max: seconds('2199-12-31T00:00:00Z') }),
      (zone, instant) => {
        expect(instant + Zone.named(zone).offsetAt(instant)).toBe(wallByIntl(zone, instant));
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  // zone, first second of the new offset, offset before, offset after (minutes)
  ['Europe/Riga', '2021-03-28T01:00:00Z', 120, 180],
  ['Europe/Riga', '2021-10-31T01:00:00Z', 180, 120],
  ['Australia/Lord_Howe', '2025-10-04T15:30:00Z', 630, 660],
  ['Pacific/Apia', '2011-12-30T10:00:00Z', -600, 840],
  ['Pacific/Kwajalein', '1993-08-21T12:00:00Z', -720, 720],
  ['Antarctica/Troll', '2025-03-30T01:00:00Z', 0, 120],
  ['Asia/Pyongyang', '2018-05-04T15:00:00Z', 510, 540],
  ['America/Recife', '2000-10-08T03:00:00Z', -180, -120],
  ['America/Recife', '2000-10-15T02:00:00Z', -120, -180],
  ['America/St_Johns', '2007-11-04T02:31:00Z', -150, -210],
])('%s changes at %s, to the second', (name, change, before, after) => {
  const zone = Zone.named(name);
  const at = seconds(change);
  expect([zone.offsetAt(at - 1) / 60, zone.offsetAt(at) / 60]).toEqual([before, after]);
  expect(zone.isSteady(at - 86_400, at - 1)).toBe(true);
  expect(zone.isSteady(at - 86_400, at)).toBe(false);
  expect(zone.isSteady(at, at + 86_400)).toBe(true);
});

test('historic offsets have seconds: Monrovia was 44 min 30 s west until 1972', () => {
  expect(Zone.named('Africa/Monrovia').offsetAt(0)).toBe(-2670);
  expect(Zone.named('Africa/Monrovia').offsetAt(seconds('1972-01-07T00:44:29Z'))).toBe(-2670);
  expect(Zone.named('Africa/Monrovia').offsetAt(seconds('1972-01-07T00:44:30Z'))).toBe(0);
});

test('a skipped wall time is read with the offset before the gap in pass 0, after it in pass 1', () => {
  const riga = Zone.named('Europe/Riga');
  const skipped = wall('2021-03-28T03:30:00');
  expect([riga.offsetAtWall(skipped, 0), riga.offsetAtWall(skipped, 1)]).toEqual([7200, 10800]);
  expect(riga.endOfChange(skipped)).toBe(wall('2021-03-28T04:00:00'));
  for (const fold of [0, 1] as const) {
    expect(riga.offsetAtWall(wall('2021-03-28T02:59:59'), fold)).toBe(7200);
    expect(riga.offsetAtWall(wall('2021-03-28T04:00:00'), fold)).toBe(10800);
  }
});

test('a repeated wall time is read with the earlier offset in pass 0, the later in pass 1', () => {
  const riga = Zone.named('Europe/Riga');
  const repeated = wall('2021-10-31T03:00:00');
  expect([riga.offsetAtWall(repeated, 0), riga.offsetAtWall(repeated, 1)]).toEqual([10800, 7200]);
  expect(riga.endOfChange(repeated)).toBe(wall('2021-10-31T04:00:00'));
  for (const fold of [0, 1] as const) {
    expect(riga.offsetAtWall(wall('2021-10-31T02:59:59'), fold)).toBe(10800);
    expect(riga.offsetAtWall(wall('2021-10-31T04:00:00'), fold)).toBe(7200);
  }
});

test('a whole skipped day: Apia had no 30 December 2011', () => {
  const apia = Zone.named('Pacific/Apia');
  expect(apia.endOfChange(wall('2011-12-30T00:00:00'))).toBe(wall('2011-12-31T00:00:00'));
  expect(apia.endOfChange(wall('2011-12-30T23:59:59'))).toBe(wall('2011-12-31T00:00:00'));
});

test('instants beyond the tables have the offset of their edge', () => {
  const riga = Zone.named('Europe/Riga');
  expect(riga.offsetAt(-8.64e12)).toBe(5794);
  expect([7200, 10800]).toContain(riga.offsetAt(8.64e12));
  expect(riga.offsetAtWall(8.64e12, 0)).toBe(riga.offsetAt(8.64e12));
});

test('a zone is one object, and an unknown name is refused', () => {
  expect(Zone.named('UTC')).toBe(Zone.named('UTC'));
  expect(Zone.named('Factory').offsetAt(0)).toBe(0);
  for (const name of ['utc', 'Mars/Olympus', '', '+02:00', 'localtime']) {
    expect(() => Zone.named(name)).toThrow(ScheduleError);
  }
});
