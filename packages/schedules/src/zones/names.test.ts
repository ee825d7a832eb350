import { expect, test } from 'vitest';
import { canonicalZone, isTzdbName, ZONES } from './names.ts';
import { Zone } from './zone.ts';

test('Z1: 483 canonical names, sorted, without repeats, at most 30 characters', () => {
  expect(ZONES).toHaveLength(483);
  expect(new Set(ZONES).size).toBe(483);
  expect([...ZONES].sort()).toEqual(ZONES);
  expect(Math.max(...ZONES.map((name) => name.length))).toBe(30);
  expect(ZONES.filter((name) => !name.includes('/'))).toEqual(['GMT', 'UTC']);
  expect([...new Set(ZONES.map((name) => name.split('/')[0]))].sort()).toEqual(
    'Africa America Antarctica Arctic Asia Atlantic Australia Etc Europe GMT Indian Pacific UTC'.split(' '),
  );
});

test('every name has clock data in this Node.js', () => {
  for (const name of ZONES) expect(Math.abs(Zone.named(name).offsetAt(1_750_000_000))).toBeLessThanOrEqual(14 * 3600);
});

test('every zone Intl lists is accepted, under its canonical name', () => {
  const unlisted = Intl.supportedValuesOf('timeZone').filter((name) => canonicalZone(name) === null);
  expect(unlisted.filter((name) => name !== 'America/Coyhaique')).toEqual([]);
});

test.each([
  ['Europe/Riga', 'Europe/Riga'],
  ['Europe/Kiev', 'Europe/Kyiv'],
  ['US/Eastern', 'America/New_York'],
  ['EST', 'America/Panama'],
  ['GMT0', 'Etc/GMT'],
  ['Zulu', 'Etc/UTC'],
  ['GB', 'Europe/London'],
  ['Antarctica/South_Pole', 'Pacific/Auckland'],
  ['Factory', null],
  ['America/Coyhaique', null],
  ['europe/riga', null],
  ['utc', null],
  ['Z', null],
  ['+02:00', null],
  ['', null],
  ['__proto__', null],
])('Z2: %s -> %s', (name, canonical) => {
  expect(canonicalZone(name)).toBe(canonical);
});

test('Z2: a legacy name has the clock of its canonical name', () => {
  const legacy =
    'Iceland Egypt CST6CDT Navajo Canada/Mountain Asia/Calcutta Asia/Saigon CET MET WET EET W-SU NZ-CHAT HST';
  for (const name of legacy.split(' ')) {
    const canonical = canonicalZone(name)!;
    expect(ZONES).toContain(canonical);
    expect(Zone.named(name).offsetAt(1_750_000_000)).toBe(Zone.named(canonical).offsetAt(1_750_000_000));
  }
});

test('O3: an OnCalendar line may also name what a check may not carry', () => {
  expect(['Factory', 'America/Coyhaique', 'EST', 'UTC'].every(isTzdbName)).toBe(true);
  expect(['localtime', 'America', 'EDT', 'utc'].some(isTzdbName)).toBe(false);
});
