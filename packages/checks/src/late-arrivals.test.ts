import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyPing, CLOCK_SKEW_MS, type PingEvent } from './apply-ping.ts';
import type { CheckState } from './check.ts';
import { goDown } from './go-down.ts';
import { aCheck, HOUR, MINUTE, utc } from './testing.ts';

// The rules L1 to L5 of apply-ping.ts.

const NOON = utc('2026-03-01T12:00');
const A = '505d5966-484e-42fa-9cbf-22a3fa6e0ac5';
const B = '11111111-2222-4333-8444-555555555555';

/** Pings written as `kind minute [run]`, in order of application, on `check`. */
function apply(check: CheckState, ...pings: string[]) {
  return pings.reduce(
    ({ check }, text) => {
      const [kind, minute, run] = text.split(' ');
      const rid = run === undefined ? null : run === 'A' ? A : B;
      return applyPing(check, { kind: kind as PingEvent['kind'], rid, at: NOON + Number(minute) * MINUTE });
    },
    applyPing(check, { kind: 'log', rid: null, at: NOON }),
  );
}
const minute = (n: number) => NOON + n * MINUTE;

describe('L1: a success or fail older than last_ping', () => {
  test.each(['success 5', 'fail 5', 'success 5 A', 'fail 5 A'])('%s changes nothing but the counter', (late) => {
    for (const newest of ['success 10', 'fail 10']) {
      const before = apply(aCheck(), newest).check;
      const after = apply(aCheck(), newest, late);
      expect(after).toMatchObject({ flip: null, check: { ...before, n_pings: before.n_pings + 1 } });
    }
  });

  test('of the same instant is the newer one', () => {
    expect(apply(aCheck(), 'success 10', 'fail 10')).toMatchObject({
      check: { status: 'down' },
      flip: { reason: 'fail' },
    });
  });
});

describe('L2: it still ends the run in progress', () => {
  test.each([
    ['success 5', 'its own run', ['start 3', 'success 10 B', 'success 5']],
    ['success 5 A', 'its own run', ['start 3 A', 'success 10 B', 'success 5 A']],
    ['success 5', 'any run, having no run id', ['start 3 A', 'success 10 B', 'success 5']],
    ['fail 5', 'any run, being a fail', ['start 3 A', 'success 10 B', 'fail 5']],
    ['success 5 A', 'its own run, though that seems younger', ['success 10', 'start 11 A', 'success 5 A']],
  ])('%s ends %s', (_, __, pings) => {
    const { check } = apply(aCheck(), ...pings);
    expect(check).toMatchObject({
      status: 'up',
      last_ping: minute(10),
      last_start: null,
      last_duration_ms: null,
      alert_after: minute(10) + 25 * HOUR,
    });
  });

  test.each([
    ['another run', ['start 3 A', 'success 10 B', 'success 5 B'], 3],
    ['a younger run', ['success 10', 'start 11', 'success 9'], 11],
    ['a run begun a moment later', ['success 10', 'start 10.2', 'success 9.9'], 10.2],
  ])('but not %s', (_, pings, start) => {
    expect(apply(aCheck(), ...pings).check.last_start).toBe(minute(start));
  });
});

describe('L3: a late start arms nothing', () => {
  test.each([
    ['older than last_ping', ['success 10', 'start 5'], null],
    ['older than last_start', ['start 10 A', 'start 5 B'], 10],
    ['older than both', ['success 10', 'start 11', 'start 5'], 11],
    [
      'between last_start and last_ping: the run in progress is not the latest',
      ['start 3 A', 'success 10 B', 'start 5 B'],
      null,
    ],
  ])('%s', (_, pings, start) => {
    const { check, flip } = apply(aCheck(), ...pings);
    expect(flip).toBeNull();
    expect(check.last_start).toBe(start === null ? null : minute(start));
    expect(check.n_pings).toBe(pings.length + 1);
  });

  test('its run id is not taken', () => {
    expect(apply(aCheck(), 'start 10 A', 'start 5 B').check.last_start_rid).toBe(A);
    expect(apply(aCheck(), 'start 3 A', 'success 10 B', 'start 5 B').check.last_start_rid).toBe(A);
  });
});

describe('L4: a success or fail older than last_start, not than last_ping', () => {
  test.each(['success', 'fail'])('%s: counts as the newest, and leaves the younger run alone', (kind) => {
    const { check, flip } = apply(aCheck(), 'start 10', `${kind} 5`);
    expect(check).toMatchObject({ last_ping: minute(5), last_start: minute(10), last_duration_ms: null });
    expect(flip).toMatchObject({ at: minute(5), old_status: 'new', new_status: kind === 'success' ? 'up' : 'down' });
  });

  test('ends its own run by run id, of unknown duration', () => {
    expect(apply(aCheck(), 'start 10 A', 'success 5 A').check).toMatchObject({
      last_start: null,
      last_duration_ms: null,
    });
  });

  test('within the skew of two clocks ends a run without id', () => {
    const start = { kind: 'start', rid: null, at: NOON } as const;
    const success = (at: number) =>
      applyPing(applyPing(aCheck(), start).check, { kind: 'success', rid: null, at }).check;
    expect(success(NOON - CLOCK_SKEW_MS + 1)).toMatchObject({ last_start: null, last_duration_ms: null });
    expect(success(NOON - CLOCK_SKEW_MS)).toMatchObject({ last_start: NOON, last_duration_ms: null });
  });
});

describe('L5: a success from before the deadline, applied after it', () => {
  test('brings the check up again, with its next deadline', () => {
    const up = apply(aCheck({ timeout: 3600, grace: 600 }), 'success 0').check;
    const down = goDown(up, minute(75))!.check;
    const { check, flip } = apply(down, 'success 60');
    expect(flip).toMatchObject({ at: minute(60), old_status: 'down', new_status: 'up', reason: '' });
    expect(check).toMatchObject({ status: 'up', last_ping: minute(60), alert_after: minute(130) });
  });

  test('ends the run that timed out, with its duration', () => {
    const running = apply(aCheck({ grace: 600 }), 'start 0').check;
    const down = goDown(running, minute(11))!.check;
    expect(apply(down, 'success 9').check).toMatchObject({
      status: 'up',
      last_start: null,
      last_duration_ms: 9 * MINUTE,
    });
  });

  test('but a late start does not', () => {
    const down = goDown(apply(aCheck({ timeout: 3600, grace: 600 }), 'success 0').check, minute(75))!.check;
    expect(apply(down, 'start 60')).toMatchObject({ check: { status: 'down', alert_after: null }, flip: null });
  });
});

/**
 * Pings of a check through two ingesters, whose streams are applied interleaved in any way: compared with the same
 * pings in the order of their instants.
 */
describe('two ingesters', () => {
  /** Runs, each with an id of its own or without; a minute and more between any two instants. */
  const history = fc
    .array(
      fc.record({
        form: fc.constantFrom<PingEvent['kind'][]>(
          ['success'],
          ['fail'],
          ['start', 'success'],
          ['start', 'fail'],
          ['start'],
          ['log'],
        ),
        named: fc.boolean(),
        gap: fc.integer({ min: 0, max: 3 }),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .chain((runs) => {
      const pings: { ping: Omit<PingEvent, 'at'>; run: number; place: number }[] = [];
      let place = 0;
      runs.forEach(({ form, named, gap }, run) => {
        place += gap;
        form.forEach((kind, step) => {
          pings.push({ ping: { kind, rid: named ? `run ${run}` : null }, run, place: place + step * 2 });
        });
      });
      // Runs overlap: the second ping of one may come after the first of the next.
      pings.sort((a, b) => a.place - b.place || a.run - b.run);
      const events = pings.map(({ ping }, i) => ({ ...ping, at: NOON + i * 2 * CLOCK_SKEW_MS }));
      return fc.record({
        events: fc.constant(events),
        lanes: fc.array(fc.boolean(), { minLength: events.length, maxLength: events.length }),
        turns: fc.array(fc.boolean(), { minLength: events.length, maxLength: events.length }),
      });
    })
    .map(({ events, lanes, turns }) => {
      const [left, right] = [events.filter((_, i) => lanes[i]), events.filter((_, i) => !lanes[i])];
      const applied: PingEvent[] = [];
      for (const turn of turns)
        applied.push((turn ? (left.shift() ?? right.shift()) : (right.shift() ?? left.shift()))!);
      return { events, applied };
    });
  const config = aCheck({ timeout: 3600, grace: 600 });
  const run = (pings: readonly PingEvent[]) => pings.reduce((check, ping) => applyPing(check, ping).check, config);

  test('agree on status, last ping and count, and never await what is not awaited', () => {
    fc.assert(
      fc.property(history, ({ events, applied }) => {
        const inOrder = run(events);
        const interleaved = run(applied);
        expect(interleaved.n_pings).toBe(inOrder.n_pings);
        expect(interleaved.status).toBe(inOrder.status);
        expect(interleaved.last_ping).toBe(inOrder.last_ping);
        if (inOrder.last_start === null) expect(interleaved.last_start).toBeNull();
        expect(interleaved.alert_after ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(
          inOrder.alert_after ?? Number.POSITIVE_INFINITY,
        );
      }),
      { numRuns: 3000 },
    );
  });

  test('last_ping never moves backwards, and the status only follows a newest success or fail', () => {
    fc.assert(
      fc.property(history, ({ applied }) => {
        let check: CheckState = config;
        for (const ping of applied) {
          const after = applyPing(check, ping);
          expect(after.check.last_ping ?? 0).toBeGreaterThanOrEqual(check.last_ping ?? 0);
          expect(after.flip === null).toBe(after.check.status === check.status);
          if (after.flip !== null) expect(after.flip.at).toBe(after.check.last_ping);
          check = after.check;
        }
      }),
    );
  });
});
