import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alertAfter, type Gap } from './amnesty.ts';
import { applyPing, type PingEvent } from './apply-ping.ts';
import type { CheckState, Flip, PingKind } from './check.ts';
import { goDown } from './go-down.ts';
import { mayBeOverdue, overdueBefore } from './overdue.ts';
import { aCheck, DAY, HOUR, MINUTE, SECOND, utc } from './testing.ts';

const T = utc('2026-03-01T12:00');
/** Everything is known, and there were no gaps. */
const ALL = { until: Number.POSITIVE_INFINITY, gaps: [] };

/** The check after a ping, and the flips in order, as `at old→new reason`; hours since T. */
function after(fields: Partial<CheckState>, ping: PingEvent) {
  const check = { ...aCheck(fields), alert_after: alertAfter(aCheck(fields)) };
  const overdue = overdueBefore(check, ping, ALL);
  if (overdue && 'since' in overdue) throw new Error('Everything is known');
  const applied = applyPing(overdue?.check ?? check, ping);
  const flips = [overdue?.flip, applied.flip].filter((flip): flip is Flip => flip != null);
  return {
    check: applied.check,
    flips: flips.map((f) => `${(f.at - T) / HOUR} ${f.old_status}→${f.new_status} ${f.reason}`),
  };
}

// T = 1 day, G = 1 hour: a ping is expected at 24, and it is down at 25.
const UP = { status: 'up', last_ping: T } as const;
const RUN = { status: 'up', last_ping: T, last_start: T + 2 * HOUR, last_start_rid: null } as const;

describe('a ping after the deadline that nobody has judged yet', () => {
  test.each<[string, Partial<CheckState>, PingKind, number, string[], CheckState['status']]>([
    ['success in time', UP, 'success', 24.9, [], 'up'],
    ['success at the deadline', UP, 'success', 25, [], 'up'],
    ['success', UP, 'success', 26, ['25 up→down timeout', '26 down→up '], 'up'],
    ['fail: no second flip', UP, 'fail', 26, ['25 up→down timeout'], 'down'],
    ['start: it stays down', UP, 'start', 26, ['25 up→down timeout'], 'down'],
    ['log ends no lateness', UP, 'log', 26, [], 'up'],
    ['ign ends no lateness', UP, 'ign', 26, [], 'up'],
    ['success after a run that took too long', RUN, 'success', 4, ['3 up→down timeout', '4 down→up '], 'up'],
    ['another start after a run that took too long', RUN, 'start', 4, ['3 up→down timeout'], 'down'],
    ['new, start', { status: 'new' }, 'start', 900, [], 'new'],
    ['new, run in time', { status: 'new', last_start: T }, 'success', 1, ['1 new→up '], 'up'],
    ['new, run overdue', { status: 'new', last_start: T }, 'success', 2, ['1 new→down timeout', '2 down→up '], 'up'],
    ['new, run overdue, start', { status: 'new', last_start: T }, 'start', 2, ['1 new→down timeout'], 'down'],
    ['paused, run overdue', { status: 'paused', last_start: T }, 'fail', 2, ['1 paused→down timeout'], 'down'],
    ['paused', { status: 'paused', last_ping: T }, 'success', 900, ['900 paused→up '], 'up'],
    ['down', { status: 'down', last_ping: T, last_start: T }, 'success', 900, ['900 down→up '], 'up'],
  ])('%s', (_, fields, kind, hours, flips, status) => {
    const result = after(fields, { kind, rid: null, at: T + hours * HOUR });
    expect(result.flips).toEqual(flips);
    expect(result.check.status).toBe(status);
    expect(result.check.alert_after).toBe(status === 'down' ? null : alertAfter(result.check));
  });

  test('says that it was decided at the ping', () => {
    const check = aCheck({ ...UP, alert_after: T + 25 * HOUR });
    const overdue = overdueBefore(check, { kind: 'success', at: T + 30 * HOUR }, ALL);
    expect(overdue).toMatchObject({
      flip: { decision: { rule: 'timeout', judged_at: T + 30 * HOUR, deadline: T + 25 * HOUR } },
    });
  });

  test('is not later than a younger ping: what comes out of order takes nobody down', () => {
    // A run overdue since 1, left alone by the success of another run at 5; a success from 3 comes last.
    const check = aCheck({
      status: 'up',
      last_ping: T + 5 * HOUR,
      last_start: T,
      last_start_rid: 'a',
      alert_after: T + HOUR,
    });
    expect(overdueBefore(check, { kind: 'success', at: T + 3 * HOUR }, ALL)).toBeNull();
  });

  test('of a broken schedule changes nothing by itself', () => {
    const broken = aCheck({ ...UP, kind: 'cron', schedule: '61 * * * *', alert_after: T });
    expect(overdueBefore(broken, { kind: 'success', at: T + DAY }, ALL)).toBeNull();
  });
});

describe('what is known decides', () => {
  const check = aCheck({ ...UP, alert_after: T + 25 * HOUR });
  const success = { kind: 'success', at: T + 26 * HOUR } as const;

  test.each([
    ['before the deadline', 24, { since: T + 25 * HOUR }],
    ['just up to it', 25, { since: T + 25 * HOUR }],
    ['beyond it', 25.1, { check: { status: 'down' } }],
    ['all of it', 99, { check: { status: 'down' } }],
  ])('pings are known until %s', (_, hours, verdict) => {
    expect(overdueBefore(check, success, { until: T + hours * HOUR, gaps: [] })).toMatchObject(verdict);
  });

  test('nothing is known, and it would be in time: no question', () => {
    const known = { until: Number.NEGATIVE_INFINITY, gaps: [] };
    expect(overdueBefore(check, { kind: 'success', at: T + 25 * HOUR }, known)).toBeNull();
  });

  test('a gap over the window is an amnesty, one outside is none', () => {
    const within: Gap = { from: T + 24.5 * HOUR, until: T + 24.6 * HOUR };
    const later: Gap = { from: T + 25 * HOUR, until: T + 25.5 * HOUR };
    expect(overdueBefore(check, success, { ...ALL, gaps: [within] })).toBeNull();
    expect(overdueBefore(check, success, { ...ALL, gaps: [later] })).toMatchObject({ flip: { at: T + 25 * HOUR } });
  });
});

/*
 * The promise itself: who looks when does not matter. Pings in order, gaps, and a judge that comes by at any times, or
 * never until the end: the flips are those of a judge that never sleeps.
 */
const START = T;
const ONCE = START + 6 * HOUR;
const wait = fc.oneof(fc.constantFrom(0, 1, 60, 119, 120, 121, 600, 3600, 7200), fc.integer({ min: 0, max: 9000 }));
const life = fc.record({
  check: fc.record({
    kind: fc.constantFrom('simple' as const, 'cron' as const, 'oncalendar' as const),
    timeout: fc.constantFrom(60, 1800, 7200),
    grace: fc.constantFrom(60, 600, 3600),
    status: fc.constantFrom('new' as const, 'up' as const, 'paused' as const),
  }),
  events: fc.array(
    fc.record({
      wait,
      kind: fc.constantFrom<PingKind>('success', 'success', 'start', 'fail', 'log', 'ign'),
      rid: fc.constantFrom(null, null, 'run a', 'run b'),
      /** How long before the ping the judge looks, in seconds; null: it does not. */
      judged: fc.option(fc.nat({ max: 5000 })),
    }),
    { maxLength: 20 },
  ),
  gaps: fc.array(fc.record({ wait, length: fc.integer({ min: 6, max: 4000 }) }), { maxLength: 3 }),
});

type Life = typeof life extends fc.Arbitrary<infer L> ? L : never;

function flipsOf({ check: fields, events }: Life, gaps: readonly Gap[], always: boolean): string[] {
  const schedule = {
    simple: '',
    cron: '0 * * * *',
    oncalendar: new Date(ONCE).toISOString().slice(0, 19).replace('T', ' '),
  };
  const last_ping = fields.status === 'up' ? START : null;
  let state: CheckState = aCheck({ ...fields, schedule: schedule[fields.kind], last_ping });
  state = { ...state, alert_after: alertAfter(state) };
  const flips: Flip[] = [];
  const judge = (until: number) => {
    if (state.alert_after === null || state.alert_after >= until) return;
    const transition = goDown(state, until, gaps);
    if (transition?.flip) flips.push(transition.flip);
    state = transition?.check ?? { ...state, alert_after: alertAfter(state, gaps) };
  };
  let now = START;
  for (const { wait, kind, rid, judged } of events) {
    const before = now;
    now += wait * SECOND;
    if (always) judge(now);
    else if (judged !== null) judge(Math.max(before, now - judged * SECOND));
    if (!always) {
      const overdue = overdueBefore(state, { kind, at: now }, { until: Number.POSITIVE_INFINITY, gaps });
      if (overdue && 'since' in overdue) throw new Error('Everything is known');
      if (overdue?.flip) flips.push(overdue.flip);
      state = overdue?.check ?? state;
    }
    const applied = applyPing(state, { kind, rid, at: now });
    if (applied.flip) flips.push(applied.flip);
    state = applied.check;
  }
  judge(now + 30 * DAY);
  return flips.map((flip) => `${(flip.at - START) / SECOND} ${flip.old_status}→${flip.new_status} ${flip.reason}`);
}

test('whenever lateness is judged, the flips are the same', () => {
  let late = 0;
  fc.assert(
    fc.property(life, (life) => {
      let at = START;
      const gaps = life.gaps.map(({ wait, length }) => {
        const from = at + wait * SECOND;
        at = from + length * SECOND;
        return { from, until: at };
      });
      const always = flipsOf(life, gaps, true);
      expect(flipsOf(life, gaps, false)).toEqual(always);
      late += always.filter((flip) => flip.endsWith('timeout')).length;
    }),
    { numRuns: 3000 },
  );
  expect(late).toBeGreaterThan(3000);
});

test('only a ping after the stored deadline is worth a question', () => {
  const check = aCheck({ ...UP, alert_after: T + 25 * HOUR });
  expect(mayBeOverdue(check, T + 25 * HOUR, 'success')).toBe(false);
  expect(mayBeOverdue(check, T + 25 * HOUR + 1, 'success')).toBe(true);
  expect(mayBeOverdue(check, T + 26 * HOUR + MINUTE, 'log')).toBe(false);
  expect(mayBeOverdue({ ...check, status: 'down', alert_after: null }, T + 26 * HOUR, 'success')).toBe(false);
});
