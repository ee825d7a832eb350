import type { Instant, VirtualClock } from '@overdue/clock';
import type { Database } from '@overdue/database';
import { deleteCheck, editCheckSchedule, pauseCheck, resumeCheck, updateCheck } from '@overdue/operations';
import { dismissIngester } from '@overdue/pings/vouching';
import type { PlannedAct } from './plan.ts';
import type { SimProcess } from './process.ts';

/** Something that somebody did to a check, and what they know of it. */
export interface Act {
  readonly planned: PlannedAct;
  /** When it was done: between its beginning and the answer. */
  at: Instant;
  /** How many pings of the check had been applied before it. */
  after: number;
  /** `unclear`: no answer came, or an error. */
  outcome: 'done' | 'refused' | 'unclear';
}

/** The people who use the pages and the API: what `packages/operations` does for them, through a process of its own. */
export class People {
  readonly acts: Act[] = [];
  readonly #clock: VirtualClock;
  readonly #note: (who: string, what: string) => void;
  /** Checks to which somebody is doing something; they do one thing after the other. */
  readonly #busy = new Set<number>();

  constructor(clock: VirtualClock, note: (who: string, what: string) => void) {
    this.#clock = clock;
    this.#note = note;
  }

  /** @param web through which it is done; null: it is away, and nothing happens */
  act(planned: PlannedAct, code: string, web: { process: SimProcess; database: Database } | null): void {
    const words = `check ${planned.check + 1} ${planned.do}${planned.do === 'edit' ? ` ${JSON.stringify(planned.fields)} by ${planned.by}` : ''}`;
    if (!web || this.#busy.has(planned.check)) {
      this.#note('people', `${words}: cannot`);
      return;
    }
    this.#note('people', words);
    this.#busy.add(planned.check);
    const act: Act = { planned, at: this.#clock.now(), after: 0, outcome: 'unclear' };
    this.acts.push(act);
    const { process, database } = web;
    // What is recorded with a time of its own says when it was done; else it is when the answer comes.
    let at: Instant | undefined;
    const clock = Object.assign(Object.create(process.clock), {
      now: () => {
        at = process.clock.now();
        return at;
      },
    });
    perform(planned, { database, clock, code })
      .then((outcome) => {
        if (!process.alive) return;
        act.outcome = outcome.ok ? 'done' : 'refused';
        act.at = at ?? this.#clock.now();
        if (outcome.ok) act.after = outcome.value.n_pings;
      })
      .catch(() => {})
      .finally(() => {
        this.#busy.delete(planned.check);
        if (process.alive) this.#note('people', `${words}: ${act.outcome}`);
      });
  }

  /** What they were waiting for, no answer comes to any more. */
  free(): void {
    this.#busy.clear();
  }

  /** An operator thinks that what is on an ingester's disk is lost. */
  dismiss(instanceId: string, name: string, { database }: { database: Database }): void {
    this.#note('people', `${name} is dismissed`);
    dismissIngester(database.sql, { id: instanceId, by: 'operator', lostUntil: null, nothingLost: false }).then(
      (done) => this.#note('people', `${name} is dismissed: ${typeof done === 'string' ? done : 'done'}`),
      () => this.#note('people', `${name} is dismissed: unclear`),
    );
  }
}

function perform(
  act: PlannedAct,
  { database, clock, code }: { database: Database; clock: SimProcess['clock']; code: string },
) {
  switch (act.do) {
    case 'pause':
      return pauseCheck(database, clock, { code });
    case 'resume':
      return resumeCheck(database, clock, { code });
    case 'delete':
      return deleteCheck(database, { code });
    case 'edit': {
      const { minutes, ...rest } = act.fields;
      const fields = { ...rest, ...(minutes ? { schedule: `*/${minutes} * * * *` } : {}) };
      return act.by === 'page'
        ? editCheckSchedule(database, clock, { code, fields })
        : updateCheck(database, { code, fields });
    }
  }
}
