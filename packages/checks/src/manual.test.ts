import { describe, expect, test } from 'vitest';
import type { CheckState, Status } from './check.ts';
import { goDown } from './go-down.ts';
import { applyApiUpdate, clearEvents, editSchedule, pause, resume } from './manual.ts';
import { aCheck, DAY, HOUR, MINUTE, utc } from './testing.ts';

const NOW = utc('2026-03-01T12:00');
const STATUSES: readonly Status[] = ['new', 'up', 'down', 'paused'];

/** Pinged an hour ago, a run in progress. */
const lively = (status: Status): CheckState =>
  aCheck({
    status,
    n_pings: 9,
    last_ping: NOW - HOUR,
    last_start: NOW - MINUTE,
    last_start_rid: '505d5966-484e-42fa-9cbf-22a3fa6e0ac5',
    last_duration_ms: 5,
    alert_after: status === 'down' ? null : NOW + 59 * MINUTE,
  });

describe('pause (H1)', () => {
  test.each(['new', 'up', 'down'] as const)('from %s', (status) => {
    const check = lively(status);
    expect(pause(check, NOW)).toEqual({
      check: { ...check, status: 'paused', last_start: null, alert_after: null },
      flip: {
        at: NOW,
        old_status: status,
        new_status: 'paused',
        reason: '',
        notify: false,
        decision: { rule: 'pause' },
      },
    });
  });

  test('again changes nothing, not even a run in progress', () => {
    const check = lively('paused');
    expect(pause(check, NOW)).toEqual({ check, flip: null });
  });
});

describe('resume (H2)', () => {
  test('from paused', () => {
    const check = lively('paused');
    expect(resume(check, NOW)).toEqual({
      check: { ...check, status: 'new', last_ping: null, last_start: null, alert_after: null },
      flip: {
        at: NOW,
        old_status: 'paused',
        new_status: 'new',
        reason: '',
        notify: false,
        decision: { rule: 'resume' },
      },
    });
  });

  test.each(['new', 'up', 'down'] as const)('not from %s', (status) => {
    expect(resume(lively(status), NOW)).toBeNull();
  });
});

test.each(STATUSES)('clear events (H4) from %s: as new, but for the counter and the settings', (status) => {
  const settings = { timeout: 60, grace: 120, tz: 'Asia/Tokyo', manual_resume: true, n_pings: 9 };
  expect(clearEvents({ ...lively(status), ...settings })).toEqual(aCheck(settings));
});

describe('a schedule edited in the web pages (H5)', () => {
  const up = aCheck({ status: 'up', last_ping: NOW - 2 * HOUR, alert_after: NOW + 23 * HOUR });

  test('moves the deadline', () => {
    expect(editSchedule(up, { timeout: 7200 }, NOW)).toEqual({
      check: { ...up, timeout: 7200, alert_after: NOW + HOUR },
      flip: null,
    });
    expect(editSchedule(up, { kind: 'cron', schedule: '0 9 * * *', tz: 'Asia/Tokyo' }, NOW).check.alert_after).toBe(
      utc('2026-03-02T01:00'),
    );
  });

  test('puts an up check that is now overdue down, in silence', () => {
    expect(editSchedule(up, { timeout: 1800, grace: 60 }, NOW)).toEqual({
      check: { ...up, timeout: 1800, grace: 60, status: 'down', alert_after: null },
      flip: {
        at: NOW,
        old_status: 'up',
        new_status: 'down',
        reason: '',
        notify: false,
        decision: { rule: 'edit', deadline: NOW - 89 * MINUTE },
      },
    });
  });

  test('but not at the deadline itself', () => {
    expect(editSchedule(up, { timeout: 3600, grace: 3600 }, NOW)).toMatchObject({
      check: { alert_after: NOW },
      flip: null,
    });
  });

  test.each(['new', 'paused'] as const)('never puts a %s check down, though its run is overdue', (status) => {
    const running = aCheck({ status, last_start: NOW - 30 * MINUTE, alert_after: NOW + 30 * MINUTE });
    expect(editSchedule(running, { grace: 60 }, NOW)).toEqual({
      check: { ...running, grace: 60, alert_after: NOW - 29 * MINUTE },
      flip: null,
    });
  });

  test('never brings a down check up', () => {
    const down = aCheck({ status: 'down', last_ping: NOW - 2 * DAY });
    expect(editSchedule(down, { timeout: 30 * 86_400 }, NOW)).toEqual({
      check: { ...down, timeout: 2_592_000 },
      flip: null,
    });
  });

  test('to an OnCalendar that never fires again: never late', () => {
    const { check, flip } = editSchedule(up, { kind: 'oncalendar', schedule: '2019-01-01' }, NOW);
    expect({ status: check.status, alert_after: check.alert_after, flip }).toEqual({
      status: 'up',
      alert_after: null,
      flip: null,
    });
  });
});

describe('an update through the API (H6)', () => {
  const up = aCheck({ status: 'up', last_ping: NOW - 2 * HOUR, alert_after: NOW + 23 * HOUR });

  test('recomputes the deadline and leaves the rest to the worker', () => {
    const updated = applyApiUpdate(up, { timeout: 1800, grace: 60, manual_resume: true });
    expect(updated).toEqual({ ...up, timeout: 1800, grace: 60, manual_resume: true, alert_after: NOW - 89 * MINUTE });
    expect(goDown(updated, NOW)!.flip).toMatchObject({ at: NOW - 89 * MINUTE, reason: 'timeout', notify: true });
  });

  test.each(STATUSES)('of a %s check without a run keeps its status', (status) => {
    const check = aCheck({ status, last_ping: NOW - 2 * HOUR });
    expect(applyApiUpdate(check, { timeout: 60 })).toMatchObject({
      status,
      alert_after: status === 'up' ? NOW - HOUR + MINUTE : null,
    });
  });

  test('mends a broken schedule, and bears one', () => {
    const broken: CheckState = { ...up, kind: 'cron', schedule: '61 * * * *' };
    expect(applyApiUpdate(broken, { grace: 60 }).alert_after).toBeNull();
    expect(applyApiUpdate(broken, { schedule: '0 * * * *' }).alert_after).toBe(NOW);
  });
});
