import type { Clock, Instant, Milliseconds, Timer, VirtualClock } from '@overdue/clock';
import { connect, type Database, type DatabaseTarget } from '@overdue/database';
import type { Network } from './network.ts';
import type { Random } from './random.ts';

export interface ProcessContext {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly network: Network;
  readonly target: DatabaseTarget;
  readonly random: Random;
  /** How far its host's wall clock is off, in milliseconds; belongs to the host, so it survives the process. */
  readonly wallOffset: () => Milliseconds;
  /** How much longer than asked for a sleep of a second or more takes. */
  readonly slack: () => Milliseconds;
  readonly trace: (who: string, what: string) => void;
  readonly onCrash: (process: SimProcess) => Promise<void>;
}

/**
 * One life of one process of the product. A crash ends it at whatever it is awaiting: its timers never fire again, its
 * connections are gone, and nothing that it asked for is ever answered; so its objects just stay where they are.
 */
export class SimProcess {
  readonly name: string;
  alive = true;
  readonly clock: ProcessClock;
  readonly #context: ProcessContext;
  #frozenUntil: Instant = Number.NEGATIVE_INFINITY;

  constructor(context: ProcessContext) {
    this.#context = context;
    this.name = context.name;
    this.clock = new ProcessClock(this, context);
  }

  /** Stopped by its host for a while: nothing moves, and then everything at once. */
  get frozen(): boolean {
    return this.#context.clock.now() < this.#frozenUntil;
  }

  get frozenUntil(): Instant {
    return this.#frozenUntil;
  }

  freeze(milliseconds: Milliseconds): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#context.clock.now() + milliseconds);
    // So that time does not pass over the end of it.
    this.#context.clock.after(milliseconds, () => undefined);
  }

  /** Its id as an instance; a real one would change the order of rows from run to run. */
  uuid(): string {
    return this.#context.random.uuid();
  }

  /** A pool whose connections go through the simulated network. */
  open(max: number): Database {
    return connect({
      target: this.#context.target,
      applicationName: this.name,
      max,
      socket: () => (this.alive ? this.#context.network.socket(this) : new Promise(() => undefined)),
    });
  }

  crash(how = 'crashes'): Promise<void> {
    return this.#context.network.whileStill(async () => {
      if (!this.alive) return;
      this.alive = false;
      this.#context.trace(this.name, how);
      await this.#context.network.crashed(this);
      await this.#context.onCrash(this);
    });
  }
}

/** Time as one process sees it: timers are never early, often a little late, and die with it. */
class ProcessClock implements Clock {
  readonly #process: SimProcess;
  readonly #context: ProcessContext;

  constructor(process: SimProcess, context: ProcessContext) {
    this.#process = process;
    this.#context = context;
  }

  now(): Instant {
    return this.#context.clock.now() + this.#context.wallOffset();
  }

  monotonic(): Milliseconds {
    return this.#context.clock.now();
  }

  after(delay: Milliseconds, callback: () => void): Timer {
    const { clock } = this.#context;
    let timer = clock.after(delay, fire);
    const process = this.#process;
    function fire() {
      if (!process.alive) return;
      if (process.frozen) timer = clock.after(process.frozenUntil - clock.now(), fire);
      else callback();
    }
    return { cancel: () => timer.cancel() };
  }

  every(period: Milliseconds, callback: () => void): Timer {
    const next = () => Math.round(period * (1.7 + 0.7 * this.#context.random.next()));
    let timer = this.after(next(), tick);
    const clock = this;
    function tick() {
      timer = clock.after(next(), tick);
      callback();
    }
    return { cancel: () => timer.cancel() };
  }

  sleep(delay: Milliseconds, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = this.after(delay + (delay >= 1000 ? this.#context.slack() : 0), done);
      signal?.addEventListener('abort', done, { once: true });
      function done() {
        timer.cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      }
    });
  }
}
