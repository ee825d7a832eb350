import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyCoalesced, applyPing } from './apply-ping.ts';
import type { CheckState, Flip, PingKind, ScheduleFields, Status } from './check.ts';
import { displayStatus, displayStatusV1, nextPing } from './display.ts';
import { goDown } from './go-down.ts';
import { applyApiUpdate, clearEvents, editSchedule, pause, resume } from './manual.ts';
import { aCheck, HOUR, SECOND, utc } from './testing.ts';

/*
 * The state machine against a model that keeps no state: it remembers everything that happened to a check and answers
 * each question by looking back through that. Events come in order here; late-arrivals.test.ts has the others.
 */

type Happened =
  | { readonly what: 'ping'; readonly kind: PingKind; readonly rid: string | null; readonly at: number }
  | { readonly what: 'pause' | 'resume' | 'clear' | 'down'; readonly at: number };

class Model {
  readonly history: Happened[] = [];
  config: ScheduleFields & { manual_resume: boolean };

  constructor(config: ScheduleFields & { manual_resume: boolean }) {
    this.config = config;
  }

  /** What the last event that decides a status says. */
  get status(): Status {
    for (const event of this.history.toReversed()) {
      if (event.what === 'pause') return 'paused';
      if (event.what === 'resume' || event.what === 'clear') return 'new';
      if (event.what === 'down' || (event.what === 'ping' && event.kind === 'fail')) return 'down';
      if (event.what === 'ping' && event.kind === 'success') return 'up';
    }
    return 'new';
  }

  get pings(): number {
    return this.history.filter(({ what }) => what === 'ping').length;
  }

  get lastPing(): number | null {
    const reset = this.history.findLastIndex(({ what }) => what === 'resume' || what === 'clear');
    return this.history.slice(reset + 1).findLast(isCompletion)?.at ?? null;
  }

  /** The run in progress after the first `count` events: the newest start, unless something after it ended it. */
  run(count = this.history.length) {
    const events = this.history.slice(0, count);
    const index = events.findLastIndex((event) => event.what === 'ping' && event.kind === 'start');
    const start = events[index];
    if (start?.what !== 'ping') return null;
    const ended = events
      .slice(index + 1)
      .some((e) =>
        e.what === 'ping'
          ? e.kind === 'fail' || (e.kind === 'success' && (e.rid === null || e.rid === start.rid))
          : e.what !== 'down',
      );
    return ended ? null : start;
  }

  get lastDuration(): number | null {
    const index = this.history.findLastIndex((event) => isCompletion(event) || event.what === 'clear');
    const end = this.history[index];
    if (end?.what !== 'ping') return null;
    const run = this.run(index);
    return run !== null && run.rid === end.rid ? end.at - run.at : null;
  }

  get expected(): number | null {
    const last = this.lastPing;
    if (this.status !== 'up' || last === null) return null;
    if (this.config.kind === 'simple') return last + this.config.timeout * SECOND;
    if (this.config.kind === 'cron') return (Math.floor(last / HOUR) + 1) * HOUR;
    return last < ONCE ? ONCE : null;
  }

  get graceStart(): number | null {
    const candidates = [this.expected, this.status === 'down' ? null : (this.run()?.at ?? null)].filter(
      (i) => i !== null,
    );
    return candidates.length === 0 ? null : Math.min(...candidates);
  }

  get deadline(): number | null {
    return this.graceStart === null ? null : this.graceStart + this.config.grace * SECOND;
  }

  /** A4, read aloud. */
  display(now: number, v1: boolean): string {
    const run = this.run();
    if (run !== null && now >= run.at + this.config.grace * SECOND) return 'down';
    if (run !== null && v1) return 'started';
    if (this.status !== 'up') return this.status;
    if (this.expected === null) return 'up';
    if (now >= this.expected + this.config.grace * SECOND) return 'down';
    return now >= this.expected ? 'grace' : 'up';
  }
}

const START = utc('2026-03-01');
const ONCE = START + 6 * HOUR;
const SCHEDULES = { simple: '* * * * *', cron: '0 * * * *', oncalendar: '2026-03-01 06:00:00' };

function isCompletion(event: Happened): boolean {
  return event.what === 'ping' && (event.kind === 'success' || event.kind === 'fail');
}

const config = fc.record({
  kind: fc.constantFrom('simple' as const, 'cron' as const, 'oncalendar' as const),
  timeout: fc.constantFrom(60, 1800, 7200),
  grace: fc.constantFrom(60, 600, 3600),
});
const rid = fc.constantFrom(null, null, 'run a', 'run b');
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ping'),
      kind: fc.constantFrom('success', 'success', 'start', 'fail'),
      rid,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ping'), kind: fc.constantFrom('log', 'ign'), rid }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('coalesced'), pings: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('worker') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pause', 'resume') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('edit', 'api'), fields: config }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sticky'), manual_resume: fc.boolean() }) },
) as fc.Arbitrary<Action>;
type Action =
  | { do: 'ping'; kind: PingKind; rid: string | null }
  | { do: 'coalesced'; pings: number }
  | { do: 'worker' | 'pause' | 'resume' | 'clear' }
  | { do: 'edit' | 'api'; fields: Pick<ScheduleFields, 'kind' | 'timeout' | 'grace'> }
  | { do: 'sticky'; manual_resume: boolean };

/** Waits in seconds: often the very lengths that the settings have, so that boundaries are met. */
const wait = fc.oneof(fc.constantFrom(0, 1, 59, 60, 600, 1800, 3600, 7200), fc.integer({ min: 0, max: 9000 }));
const steps = fc.array(fc.record({ wait, action }), { minLength: 1, maxLength: 40 });

/** Does it to both; answers the new state and the flip. */
function perform(
  check: CheckState,
  model: Model,
  action: Action,
  at: number,
): { check: CheckState; flip: Flip | null } {
  const ping = (kind: PingKind, rid: string | null) => {
    const sticky = model.status === 'paused' && model.config.manual_resume;
    model.history.push({ what: 'ping', kind: sticky ? 'ign' : kind, rid, at });
  };
  switch (action.do) {
    case 'ping': {
      ping(action.kind, action.rid);
      const transition = applyPing(check, { kind: action.kind, rid: action.rid, at });
      const recorded = model.history.at(-1)!;
      expect(transition.kind).toBe(recorded.what === 'ping' && recorded.kind);
      return transition;
    }
    case 'coalesced':
      for (let i = 0; i < action.pings; i++) ping('success', null);
      return applyCoalesced(check, action.pings, at);
    case 'worker': {
      const { deadline } = model;
      const transition = goDown(check, at);
      const downAt = deadline === null ? null : Math.max(deadline, model.lastPing ?? deadline);
      const due = model.status !== 'down' && downAt !== null && at > downAt;
      expect(transition?.flip?.at ?? null).toBe(due ? downAt : null);
      if (due) model.history.push({ what: 'down', at });
      return transition ?? { check, flip: null };
    }
    case 'pause':
      if (model.status !== 'paused') model.history.push({ what: 'pause', at });
      return pause(check, at);
    case 'resume': {
      const transition = resume(check, at);
      expect(transition === null).toBe(model.status !== 'paused');
      if (transition !== null) model.history.push({ what: 'resume', at });
      return transition ?? { check, flip: null };
    }
    case 'clear':
      // Every trace goes, but for the count.
      model.history.push({ what: 'clear', at });
      return { check: clearEvents(check), flip: null };
    case 'edit':
    case 'api': {
      const fields = { ...action.fields, schedule: SCHEDULES[action.fields.kind] };
      model.config = { ...model.config, ...fields };
      if (action.do === 'api') return { check: applyApiUpdate(check, fields), flip: null };
      const { deadline } = model;
      if (model.status === 'up' && deadline !== null && deadline < at) model.history.push({ what: 'down', at });
      return editSchedule(check, fields, at);
    }
    case 'sticky':
      model.config = { ...model.config, manual_resume: action.manual_resume };
      return { check: applyApiUpdate(check, { manual_resume: action.manual_resume }), flip: null };
  }
}

test('agrees with a look back through everything that happened', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(config, fc.boolean(), steps, (fields, manual_resume, steps) => {
      const settings = { ...fields, schedule: SCHEDULES[fields.kind], tz: 'UTC', manual_resume };
      const model = new Model(settings);
      let check = aCheck(settings);
      let now = START;
      for (const { wait, action } of steps) {
        now += wait * SECOND;
        const before = { status: model.status, run: model.run() };
        const { check: after, flip } = perform(check, model, action, now);

        expect(after).toMatchObject({
          ...model.config,
          status: model.status,
          n_pings: model.pings,
          last_ping: model.lastPing,
          last_start: model.run()?.at ?? null,
          last_duration_ms: model.lastDuration,
          alert_after: model.deadline,
        });
        if (after.last_start !== null) expect(after.last_start_rid).toBe(model.run()!.rid);

        const flipped = before.status !== model.status && action.do !== 'clear';
        expect(flip === null).toBe(!flipped);
        if (flip !== null) {
          expect(flip).toMatchObject({ old_status: before.status, new_status: model.status });
          expect(flip.notify).toBe(['ping', 'coalesced', 'worker'].includes(action.do));
          expect(flip.decision.rule).toBeTruthy();
        }

        const { deadline, graceStart } = model;
        for (const at of [now, ...(deadline === null ? [] : [deadline - 1, deadline]), (graceStart ?? now) + 1]) {
          expect(displayStatus(after, at)).toBe(model.display(at, false));
          expect(displayStatusV1(after, at)).toBe(model.display(at, true));
        }
        expect(nextPing(after)).toBe(graceStart);
        check = after;
        seen.add(
          `${before.status}${before.run ? ' running' : ''}: ${action.do} ${action.do === 'ping' ? action.kind : ''}`,
        );
      }
    }),
    { numRuns: 2000 },
  );
  // Of 8 states (running or not) times 13 events, chance misses a few rare pairs; apply-ping.test.ts has them all.
  expect(seen.size).toBeGreaterThan(90);
});
