import { describe, expect, test } from 'vitest';
import { alertAfter } from './amnesty.ts';
import type { CheckState } from './check.ts';
import { explainLateness, goDown } from './go-down.ts';
import { BrokenScheduleError } from './lateness.ts';
import { aCheck, HOUR, MINUTE, SECOND, utc } from './testing.ts';

const T = utc('2026-03-01T12:00');

// status-and-alerting.md W4 and 12.4; ping-api.md 7.5, second table. G = 1 hour, T = 1 day.
test.each<[string, Partial<CheckState>, judged: number, at: number | null]>([
  ['up, before it is due', { status: 'up', last_ping: T }, T + 23 * HOUR, null],
  ['up, in grace', { status: 'up', last_ping: T }, T + 24.5 * HOUR, null],
  ['up, at the deadline', { status: 'up', last_ping: T }, T + 25 * HOUR, null],
  ['up, a moment after the deadline', { status: 'up', last_ping: T }, T + 25 * HOUR + 1, T + 25 * HOUR],
  ['up, long after', { status: 'up', last_ping: T }, T + 900 * HOUR, T + 25 * HOUR],
  ['up, run overdue', { status: 'up', last_ping: T, last_start: T + HOUR }, T + 2 * HOUR + 1, T + 2 * HOUR],
  ['up, late start', { status: 'up', last_ping: T, last_start: T + 24.5 * HOUR }, T + 26 * HOUR, T + 25 * HOUR],
  ['up, never pinged', { status: 'up' }, T, null],
  ['new', { status: 'new' }, T, null],
  ['new, run in time', { status: 'new', last_start: T }, T + HOUR, null],
  ['new, run overdue', { status: 'new', last_start: T }, T + HOUR + 1, T + HOUR],
  ['paused', { status: 'paused', last_ping: T }, T + 900 * HOUR, null],
  ['paused, run overdue', { status: 'paused', last_ping: T, last_start: T }, T + 900 * HOUR, T + HOUR],
  ['down', { status: 'down', last_ping: T }, T + 900 * HOUR, null],
  ['down, run overdue', { status: 'down', last_ping: T, last_start: T }, T + 900 * HOUR, null],
])('%s', (_, fields, judgedAt, at) => {
  const check = aCheck({ ...fields, n_pings: 3, last_duration_ms: 5, alert_after: T });
  const transition = goDown(check, judgedAt);
  if (at === null) {
    expect(transition).toBeNull();
    return;
  }
  expect(at).toBe(alertAfter(check));
  expect(transition!.check).toEqual({ ...check, status: 'down', alert_after: null });
  expect(transition!.flip).toMatchObject({
    at,
    old_status: fields.status,
    new_status: 'down',
    reason: 'timeout',
    notify: true,
  });
});

test('a run that was overdue already when another success brought the check up: down from that success on', () => {
  const check = aCheck({ status: 'up', last_ping: T + 5 * HOUR, last_start: T, last_start_rid: 'run a' });
  const { flip } = goDown(check, T + 5 * HOUR + 1)!;
  expect(flip).toMatchObject({ at: T + 5 * HOUR, decision: { rule: 'run-timeout', deadline: T + HOUR } });
});

test.each(['simple', 'cron', 'oncalendar'] as const)('the facts of a decision on a %s check', (kind) => {
  const check = aCheck({
    kind,
    timeout: 3600,
    grace: 600,
    schedule: kind === 'cron' ? '0 * * * *' : 'hourly',
    tz: 'Asia/Tokyo',
    status: 'up',
    last_ping: T,
  });
  const schedule = kind === 'simple' ? { timeout_s: 3600 } : { schedule: check.schedule, tz: 'Asia/Tokyo' };
  const facts = { kind, ...schedule, grace_s: 600, last_ping: T, last_start: null, expected: T + HOUR };
  expect(goDown(check, T + 2 * HOUR)!.flip!.decision).toEqual({
    rule: 'timeout',
    ...facts,
    deadline: T + 70 * MINUTE,
    judged_at: T + 2 * HOUR,
  });
  const running = { ...check, last_start: T + 5 * MINUTE };
  expect(goDown(running, T + 2 * HOUR)!.flip!.decision).toEqual({
    rule: 'run-timeout',
    ...facts,
    last_start: T + 5 * MINUTE,
    deadline: T + 15 * MINUTE,
    judged_at: T + 2 * HOUR,
  });
});

test('a check that awaits nothing is explained, too', () => {
  expect(explainLateness(aCheck({ status: 'down', last_ping: T, last_start: T }))).toEqual({
    rule: null,
    kind: 'simple',
    timeout_s: 86_400,
    grace_s: 3600,
    last_ping: T,
    last_start: T,
    expected: null,
    deadline: null,
  });
});

describe('a broken schedule', () => {
  const broken = aCheck({ kind: 'cron', schedule: '61 * * * *', status: 'up', last_ping: T });

  test('is an error that concerns this check', () => {
    expect(() => goDown(broken, T)).toThrow(BrokenScheduleError);
    expect(() => goDown(broken, T)).toThrow('Schedule "61 * * * *" in zone "UTC" cannot be evaluated: ');
    expect(() => alertAfter(broken)).toThrow(BrokenScheduleError);
  });

  test('does not hide a run that is overdue', () => {
    const running = { ...broken, last_start: T };
    expect(() => goDown(running, T + HOUR)).toThrow(BrokenScheduleError);
    expect(goDown(running, T + HOUR + 1)!.flip).toMatchObject({ at: T + HOUR, decision: { rule: 'run-timeout' } });
    const gaps = [{ from: T, until: T + SECOND }];
    expect(() => goDown(running, T + HOUR + SECOND, gaps)).toThrow(BrokenScheduleError);
    expect(goDown(running, T + HOUR + SECOND + 1, gaps)!.flip).toMatchObject({
      at: T + HOUR + SECOND,
      decision: { expected: null, held: { deadline: T + HOUR } },
    });
  });
});
