import { describe, expect, test } from 'vitest';
import { applyCoalesced, applyPing, type PingEvent } from './apply-ping.ts';
import type { CheckState, PingKind, Status } from './check.ts';
import { aCheck, HOUR, MINUTE, SECOND, utc } from './testing.ts';

/** ping-api.md 7.5, first table, cell by cell; the two rows written "as … row" are spelled out. */
const TRANSITIONS = `
| new    | no  | success | up     | new→up             | t    | null | null    | t+T+G                     |
| new    | no  | fail    | down   | new→down (fail)    | t    | null | null    | null                      |
| new    | no  | start   | new    | –                  | null | t    | keep    | t+G                       |
| new    | no  | log     | new    | –                  | null | null | keep    | null                      |
| new    | no  | ign     | new    | –                  | null | null | keep    | null                      |
| new    | yes | success | up     | new→up             | t    | null | t−start | t+T+G                     |
| new    | yes | fail    | down   | new→down (fail)    | t    | null | t−start | null                      |
| new    | yes | start   | new    | –                  | null | t    | keep    | t+G                       |
| new    | yes | log     | new    | –                  | null | keep | keep    | start+G                   |
| new    | yes | ign     | new    | –                  | null | keep | keep    | start+G                   |
| up     | no  | success | up     | –                  | t    | null | null    | t+T+G                     |
| up     | no  | fail    | down   | up→down (fail)     | t    | null | null    | null                      |
| up     | no  | start   | up     | –                  | keep | t    | keep    | min(last_ping+T, t)+G     |
| up     | no  | log     | up     | –                  | keep | null | keep    | last_ping+T+G             |
| up     | no  | ign     | up     | –                  | keep | null | keep    | last_ping+T+G             |
| up     | yes | success | up     | –                  | t    | null | t−start | t+T+G                     |
| up     | yes | other   | up     | –                  | t    | keep | null    | min(t+T, start)+G         |
| up     | yes | fail    | down   | up→down (fail)     | t    | null | t−start | null                      |
| up     | yes | start   | up     | –                  | keep | t    | keep    | min(last_ping+T, t)+G     |
| up     | yes | log     | up     | –                  | keep | keep | keep    | min(last_ping+T, start)+G |
| up     | yes | ign     | up     | –                  | keep | keep | keep    | min(last_ping+T, start)+G |
| down   | no  | success | up     | down→up            | t    | null | null    | t+T+G                     |
| down   | no  | fail    | down   | –                  | t    | null | null    | null                      |
| down   | no  | start   | down   | –                  | keep | t    | keep    | null                      |
| down   | no  | log     | down   | –                  | keep | keep | keep    | null                      |
| down   | no  | ign     | down   | –                  | keep | keep | keep    | null                      |
| down   | yes | log     | down   | –                  | keep | keep | keep    | null                      |
| down   | yes | ign     | down   | –                  | keep | keep | keep    | null                      |
| down   | yes | success | up     | down→up            | t    | null | t−start | t+T+G                     |
| down   | yes | other   | up     | down→up            | t    | keep | null    | min(t+T, start)+G         |
| down   | yes | fail    | down   | –                  | t    | null | t−start | null                      |
| down   | yes | start   | down   | –                  | keep | t    | keep    | null                      |
| paused | no  | success | up     | paused→up          | t    | null | null    | t+T+G                     |
| paused | no  | fail    | down   | paused→down (fail) | t    | null | null    | null                      |
| paused | no  | start   | paused | –                  | keep | t    | keep    | t+G                       |
| paused | no  | log     | paused | –                  | keep | keep | keep    | null                      |
| paused | no  | ign     | paused | –                  | keep | keep | keep    | null                      |
| paused | yes | log     | paused | –                  | keep | keep | keep    | start+G                   |
| paused | yes | ign     | paused | –                  | keep | keep | keep    | start+G                   |
| paused | yes | start   | paused | –                  | keep | t    | keep    | t+G                       |
| paused | yes | success | up     | paused→up          | t    | null | t−start | t+T+G                     |
| paused | yes | other   | up     | paused→up          | t    | keep | null    | min(t+T, start)+G         |
| paused | yes | fail    | down   | paused→down (fail) | t    | null | t−start | null                      |
| sticky | no  | any     | paused | –                  | keep | keep | keep    | null                      |
| sticky | yes | any     | paused | –                  | keep | keep | keep    | start+G                   |
`;

const RUN = '505d5966-484e-42fa-9cbf-22a3fa6e0ac5';
const OTHER_RUN = '11111111-2222-4333-8444-555555555555';
const G = 10 * MINUTE;
const HOURLY = (after: number) => (Math.floor(after / HOUR) + 1) * HOUR;

const KINDS = [
  { kind: 'simple', schedule: '* * * * *', T: (after: number) => after + HOUR },
  { kind: 'cron', schedule: '0 * * * *', T: HOURLY },
  { kind: 'oncalendar', schedule: 'hourly', T: HOURLY },
] as const;

/** Twenty minutes after the last ping; or late, within grace and (not yet noticed) past it. */
const INSTANTS = ['2026-03-01T10:20', '2026-03-01T11:00', '2026-03-01T11:05', '2026-03-01T13:30'].map(utc);
const LAST_PING = utc('2026-03-01T10:00');

const rows = TRANSITIONS.trim()
  .split('\n')
  .map((line) => line.split('|').slice(1, -1))
  .map(
    (cells) =>
      cells.map((cell) => cell.trim()) as [string, string, string, string, string, string, string, string, string],
  )
  .flatMap((row) =>
    row[2] === 'any' ? ['success', 'fail', 'start', 'log', 'ign'].map((p) => row.with(2, p) as typeof row) : [row],
  );

describe.each(KINDS)('$kind', ({ kind, schedule, T }) => {
  describe.each([null, RUN])('run id %s', (rid) => {
    test.each(rows)('%s, running: %s, %s → %s, flip %s, %s, %s, %s, %s', (stored, running, event, ...cells) => {
      const [status, flip, lastPing, lastStart, lastDuration, alertAfter] = cells;
      for (const t of INSTANTS) {
        const start = running === 'yes' ? t - 7 * MINUTE : null;
        const before = aCheck({
          kind,
          schedule,
          timeout: 3600,
          grace: 600,
          status: stored === 'sticky' ? 'paused' : (stored as Status),
          manual_resume: stored === 'sticky',
          n_pings: 41,
          last_ping: stored === 'new' ? null : LAST_PING,
          last_start: start,
          last_start_rid: rid,
          last_duration_ms: 1234,
          alert_after: null,
        });
        const ping: PingEvent = {
          kind: event === 'other' ? 'success' : (event as PingKind),
          rid: event === 'other' ? OTHER_RUN : rid,
          at: t,
        };
        const instants: Record<string, () => number | null> = {
          null: () => null,
          t: () => t,
          't+G': () => t + G,
          't+T+G': () => T(t) + G,
          'start+G': () => start! + G,
          'last_ping+T+G': () => T(LAST_PING) + G,
          'min(t+T, start)+G': () => Math.min(T(t), start!) + G,
          'min(last_ping+T, t)+G': () => Math.min(T(LAST_PING), t) + G,
          'min(last_ping+T, start)+G': () => Math.min(T(LAST_PING), start!) + G,
          't−start': () => t - start!,
        };
        const value = (cell: string, kept: number | null) => (cell === 'keep' ? kept : instants[cell]!());

        const after = applyPing(before, ping);

        expect(after.check).toEqual({
          ...before,
          status,
          n_pings: 42,
          last_ping: value(lastPing, before.last_ping),
          last_start: value(lastStart, start),
          last_start_rid: event === 'start' && stored !== 'sticky' ? rid : before.last_start_rid,
          last_duration_ms: value(lastDuration, 1234),
          alert_after: value(alertAfter, null),
        });
        const [, from, to, reason] = /^(\w+)→(\w+)(?: \((fail)\))?$/.exec(flip) ?? [];
        expect(after.flip).toEqual(
          flip === '–'
            ? null
            : {
                at: t,
                old_status: from,
                new_status: to,
                reason: reason ?? '',
                notify: true,
                decision: {
                  rule: ping.kind,
                  ping: 42,
                  at: t,
                  rid: ping.rid,
                  last_ping: before.last_ping,
                  last_start: start,
                },
              },
        );
        expect(after.kind).toBe(stored === 'sticky' ? 'ign' : ping.kind);
        expect(after.problem).toBeNull();
      }
    });
  });
});

// ping-api.md 7.3. S is the start's run id, r the ping's.
test.each<[S: string | null, r: string | null, PingKind, still: boolean, duration: boolean]>([
  [null, null, 'success', false, true],
  [null, null, 'fail', false, true],
  [RUN, RUN, 'success', false, true],
  [RUN, RUN, 'fail', false, true],
  [RUN, null, 'success', false, false],
  [RUN, OTHER_RUN, 'success', true, false],
  [null, RUN, 'success', true, false],
  [RUN, null, 'fail', false, false],
  [RUN, OTHER_RUN, 'fail', false, false],
  [null, RUN, 'fail', false, false],
])('start with run id %s, then %s %s: still running %s, duration %s', (S, rid, kind, still, duration) => {
  const t = utc('2026-03-01T10:00');
  const running = applyPing(aCheck(), { kind: 'start', rid: S, at: t }).check;
  const { check } = applyPing(running, { kind, rid, at: t + 2500 });
  expect(check.last_start).toBe(still ? t : null);
  expect(check.last_duration_ms).toBe(duration ? 2500 : null);
});

test('a row keeps its other columns', () => {
  const row = { ...aCheck(), id: 7, name: 'Nightly' };
  expect(applyPing(row, { kind: 'start', rid: null, at: 1 }).check).toMatchObject({ id: 7, name: 'Nightly' });
  expect(applyPing(row, { kind: 'success', rid: null, at: 1 }).check).toMatchObject({ id: 7, name: 'Nightly' });
});

describe('a broken schedule', () => {
  const broken = aCheck({ kind: 'cron', schedule: 'never o’clock', status: 'up', last_ping: 1000, alert_after: 9e12 });

  test.each(['success', 'start', 'log', 'ign'] as const)('loses no %s', (kind) => {
    const { check, problem } = applyPing(broken, { kind, rid: null, at: 2000 });
    expect(check.n_pings).toBe(1);
    expect(problem).toMatch(/^Schedule "never o’clock" in zone "UTC" cannot be evaluated: ./);
    expect(check.alert_after).toBe(kind === 'start' ? 2000 + HOUR : null);
  });

  test('does not matter to a fail, nor to a check that is not up', () => {
    expect(applyPing(broken, { kind: 'fail', rid: null, at: 2000 }).problem).toBeNull();
    expect(applyPing({ ...broken, status: 'down' }, { kind: 'log', rid: null, at: 2000 }).problem).toBeNull();
  });

  test('nor does an unknown zone', () => {
    const { problem } = applyPing(aCheck({ kind: 'oncalendar', schedule: 'daily', tz: 'Mars/Olympus' }), {
      kind: 'success',
      rid: null,
      at: 2000,
    });
    expect(problem).toMatch(/zone "Mars\/Olympus"/);
  });
});

test('an OnCalendar that never fires again awaits nothing', () => {
  const check = aCheck({ kind: 'oncalendar', schedule: '2019-01-01' });
  const up = applyPing(check, { kind: 'success', rid: null, at: utc('2020-01-01') });
  expect(up).toMatchObject({ check: { status: 'up', alert_after: null }, problem: null });
  const running = applyPing(up.check, { kind: 'start', rid: null, at: utc('2020-02-01') });
  expect(running.check.alert_after).toBe(utc('2020-02-01T01:00'));
});

describe('the write throttle', () => {
  const t = utc('2026-03-01T10:00');
  const states: CheckState[] = [
    aCheck(),
    aCheck({ status: 'up', last_ping: t - HOUR, last_duration_ms: 5 }),
    aCheck({ status: 'up', last_ping: t - HOUR, last_start: t - MINUTE }),
    aCheck({ status: 'up', last_ping: t - HOUR, last_start: t - MINUTE, last_start_rid: RUN }),
    aCheck({ status: 'up', last_ping: t + HOUR, last_duration_ms: 5 }),
    aCheck({ status: 'down', last_ping: t - HOUR }),
    aCheck({ status: 'paused', last_ping: t - HOUR }),
    aCheck({ status: 'paused', last_ping: t - HOUR, last_duration_ms: 5, manual_resume: true }),
    aCheck({ status: 'up', last_ping: t - 3 * SECOND, last_duration_ms: 5 }),
  ];
  test.each(states)('sums as if each had been applied: %j', (check) => {
    for (const count of [1, 2, 3]) {
      let each = { ...check };
      for (let i = 0; i < count; i++) {
        each = applyPing(each, { kind: 'success', rid: null, at: t - (count - 1 - i) * SECOND }).check;
      }
      expect(applyCoalesced(check, count, t).check).toEqual(each);
    }
  });

  test('flips at most once, and says what is to be recorded', () => {
    expect(applyCoalesced(aCheck({ status: 'down', last_ping: t - HOUR }), 5, t)).toMatchObject({
      kind: 'success',
      flip: { at: t, old_status: 'down', new_status: 'up' },
    });
    expect(applyCoalesced(aCheck({ status: 'paused', manual_resume: true }), 5, t)).toMatchObject({
      kind: 'ign',
      flip: null,
    });
  });
});
