import { describe, expect, test } from 'vitest';
import { alertAfter } from './amnesty.ts';
import type { CheckState, Status } from './check.ts';
import { type DisplayStatus, displayStatus, displayStatusV1, isStarted, nextPing, summaryStatus } from './display.ts';
import { expectedAt, graceStart } from './lateness.ts';
import { aCheck, DAY, HOUR, MINUTE, utc } from './testing.ts';

const NOW = utc('2026-03-01T12:00');

describe('status-and-alerting.md section 12', () => {
  test.each([
    [24 * HOUR - 1, 'up'],
    [24 * HOUR, 'grace'],
    [24.5 * HOUR, 'grace'],
    [25 * HOUR - 1, 'grace'],
    [25 * HOUR, 'down'],
  ] as const)('1: up, last ping %d ms ago: %s', (ago, status) => {
    expect(displayStatus(aCheck({ status: 'up', last_ping: NOW - ago }), NOW)).toBe(status);
  });

  test.each(['new', 'up', 'down', 'paused'] as const)('2: %s and started', (status) => {
    const running = (ago: number) => aCheck({ status, last_ping: NOW - HOUR, last_start: NOW - ago });
    expect(displayStatusV1(running(5 * MINUTE), NOW)).toBe('started');
    expect(displayStatus(running(5 * MINUTE), NOW)).toBe(status);
    expect(displayStatusV1(running(HOUR - 1), NOW)).toBe('started');
    for (const ago of [HOUR, 2 * HOUR]) {
      expect(displayStatusV1(running(ago), NOW)).toBe('down');
      expect(displayStatus(running(ago), NOW)).toBe('down');
    }
  });

  test('2: for an up check the plain form goes by the expected ping', () => {
    const late = aCheck({ status: 'up', last_ping: NOW - 24.5 * HOUR, last_start: NOW - 5 * MINUTE });
    expect([displayStatus(late, NOW), displayStatusV1(late, NOW)]).toEqual(['grace', 'started']);
    const overdue = aCheck({ status: 'up', last_ping: NOW - 26 * HOUR, last_start: NOW - 5 * MINUTE });
    expect([displayStatus(overdue, NOW), displayStatusV1(overdue, NOW)]).toEqual(['down', 'started']);
  });

  test('3: when it goes down', () => {
    const start = NOW - 2 * DAY;
    expect(alertAfter(aCheck({ status: 'paused', last_ping: NOW - 3 * DAY, last_start: start }))).toBe(start + HOUR);
    expect(alertAfter(aCheck({ status: 'down', last_start: start }))).toBeNull();
    expect(alertAfter(aCheck({ status: 'down', last_ping: start }))).toBeNull();
  });

  test('5: cron in Brisbane', () => {
    const check = aCheck({
      kind: 'cron',
      schedule: '0 10 * * *',
      tz: 'Australia/Brisbane',
      status: 'up',
      last_ping: utc('2000-01-01'),
    });
    expect(displayStatus(check, utc('2000-01-01T23:59'))).toBe('up');
    expect(displayStatus(check, utc('2000-01-02T00:00'))).toBe('grace');
    expect(displayStatus(check, utc('2000-01-02T01:00'))).toBe('down');
  });

  test('6: cron in Riga, in the hour that comes twice', () => {
    const check = aCheck({
      kind: 'cron',
      schedule: '15 * * * *',
      tz: 'Europe/Riga',
      grace: 300,
      status: 'up',
      last_ping: utc('2023-10-29T00:55'),
    });
    expect(expectedAt(check)).toBe(utc('2023-10-29T01:15'));
    expect(displayStatus(check, utc('2023-10-29T01:05'))).toBe('up');
    expect(displayStatus(check, utc('2023-10-29T01:15'))).toBe('grace');
    expect(displayStatus(check, utc('2023-10-29T01:20'))).toBe('down');
  });

  test('7: an OnCalendar that is over', () => {
    const check = aCheck({ kind: 'oncalendar', schedule: '2019-01-01', status: 'up', last_ping: utc('2020-01-01') });
    expect(displayStatus(check, utc('2120-01-01'))).toBe('up');
    expect([expectedAt(check), graceStart(check), alertAfter(check), nextPing(check)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});

test('grace is added to the instant, not to the time on the wall', () => {
  // Riga sets its clocks back at 01:00Z on 2023-10-29.
  const check = aCheck({
    kind: 'cron',
    schedule: '30 3 * * *',
    tz: 'Europe/Riga',
    grace: 7200,
    status: 'up',
    last_ping: utc('2023-10-28T12:00'),
  });
  expect(alertAfter(check)! - expectedAt(check)!).toBe(2 * HOUR);
});

// management-api.md, `next_ping`
test.each<[string, Partial<CheckState>, number | null]>([
  ['new', {}, null],
  ['new and running', { last_start: NOW }, NOW],
  ['up', { status: 'up', last_ping: NOW }, NOW + DAY],
  ['up and running', { status: 'up', last_ping: NOW, last_start: NOW + HOUR }, NOW + HOUR],
  ['up, started late', { status: 'up', last_ping: NOW, last_start: NOW + DAY + HOUR }, NOW + DAY],
  ['overdue, not yet flipped', { status: 'up', last_ping: NOW - 9 * DAY }, NOW - 8 * DAY],
  ['paused', { status: 'paused', last_ping: NOW }, null],
  ['paused and running', { status: 'paused', last_ping: NOW, last_start: NOW }, NOW],
  ['down', { status: 'down', last_ping: NOW }, null],
  ['down and running', { status: 'down', last_ping: NOW, last_start: NOW }, null],
])('next ping: %s', (_, fields, expected) => {
  expect(nextPing(aCheck(fields))).toBe(expected);
  expect(graceStart(aCheck(fields))).toBe(expected);
  expect(isStarted(aCheck(fields))).toBe(fields.last_start !== undefined);
});

test('a broken schedule can be shown', () => {
  const broken = aCheck({ kind: 'cron', schedule: '61 * * * *', status: 'up', last_ping: NOW });
  expect([displayStatus(broken, NOW + 9 * DAY), displayStatusV1(broken, NOW), nextPing(broken)]).toEqual([
    'up',
    'up',
    null,
  ]);
});

test('a stored deadline that is too early does not make a check late', () => {
  expect(displayStatus(aCheck({ status: 'up', last_ping: NOW, alert_after: NOW - DAY }), NOW)).toBe('up');
});

test.each<[(DisplayStatus | Status)[], string]>([
  [[], 'up'],
  [['new', 'paused', 'up'], 'up'],
  [['up', 'grace', 'new'], 'grace'],
  [['grace', 'down', 'up'], 'down'],
])('the summary of %j is %s (A8)', (statuses, summary) => {
  expect(summaryStatus(statuses)).toBe(summary);
});
