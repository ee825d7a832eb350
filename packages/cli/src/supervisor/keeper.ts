import { rmSync } from 'node:fs';
import type { Clock, Milliseconds } from '@overdue/clock';
import { removePidFile, writePidFile } from '@overdue/observability';
import { signal } from '../support/processes.ts';

/** How a process ended; both null: it could not be started at all. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Launched {
  readonly exited: Promise<Exit>;
}

export interface KeeperOptions {
  readonly name: string;
  /** Starts the process, calls `spawned` with its pid at once, and resolves when it is on its way. */
  launch(spawned: (pid: number) => void): Promise<Launched>;
  readonly pidFile: string;
  readonly clock: Clock;
  /** What happens, in words. */
  say(line: string): void;
  /** It ended by itself, for the n-th time (from 1). False: do not start it again. */
  onEnd(exit: Exit, times: number, error: unknown): boolean;
  /** How it is asked to stop: each signal with its patience. */
  readonly stopSteps: readonly (readonly [NodeJS.Signals, Milliseconds])[];
}

/** So often in a row it is started again at once: somebody ends it by hand, or it met with an accident. */
const AT_ONCE = 3;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 4000;
/** One that ran this long is well: what was before is forgotten. */
const STEADY_AFTER = 5000;

/**
 * Keeps one process running: starts it again whenever it ends; at once the first {@link AT_ONCE} times, then, as long as
 * it keeps ending early, after a pause that doubles from {@link FIRST_PAUSE} to {@link LONGEST_PAUSE}. Its pid file
 * names the living process, or is not there.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #stopping = new AbortController();
  #pid: number | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  start(): void {
    rmSync(this.#options.pidFile, { force: true });
    this.#loop = this.#run();
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  /** Ends the process in order, then by force; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    let gone = false;
    const loop = this.#loop.then(() => {
      gone = true;
    });
    for (const [name, patience] of this.#options.stopSteps) {
      // A launch in flight may have its pid in a moment; a signal sent to nobody is sent again.
      const deadline = this.#options.clock.monotonic() + patience;
      let sentTo: number | undefined;
      while (!gone && this.#options.clock.monotonic() < deadline) {
        if (this.#pid !== undefined && this.#pid !== sentTo) {
          sentTo = this.#pid;
          signal(sentTo, name);
        }
        await Promise.race([loop, this.#options.clock.sleep(50)]);
      }
      if (gone) return;
      this.#options.say(`${this.#options.name} did not end ${patience / 1000} s after ${name}`);
    }
  }

  async #run(): Promise<void> {
    const { clock, name, say } = this.#options;
    let early = 0;
    for (let times = 1; !this.#stopping.signal.aborted; times++) {
      const began = clock.monotonic();
      const { exit, error } = await this.#once();
      if (this.#stopping.signal.aborted) return;
      say(`${name} ${describeExit(exit, error)}`);
      if (!this.#options.onEnd(exit, times, error)) return;
      early = clock.monotonic() - began > STEADY_AFTER ? 1 : early + 1;
      const pause = pauseAfter(early);
      say(`${name} is started again ${pause === 0 ? 'at once' : `in ${pause / 1000} s`}`);
      if (pause > 0) await clock.sleep(pause, this.#stopping.signal);
    }
  }

  async #once(): Promise<{ exit: Exit; error?: unknown }> {
    const { pidFile, launch } = this.#options;
    try {
      const { exited } = await launch((pid) => {
        this.#pid = pid;
        writePidFile(pidFile, pid);
      });
      return { exit: await exited };
    } catch (error) {
      return { exit: { code: null, signal: null }, error };
    } finally {
      if (this.#pid !== undefined) removePidFile(pidFile, this.#pid);
      this.#pid = undefined;
    }
  }
}

/** @param early how often in a row it ended before it had run for {@link STEADY_AFTER} */
function pauseAfter(early: number): Milliseconds {
  return early <= AT_ONCE ? 0 : Math.min(FIRST_PAUSE * 2 ** (early - AT_ONCE - 1), LONGEST_PAUSE);
}

function describeExit(exit: Exit, error: unknown): string {
  if (error !== undefined) return `did not start: ${error instanceof Error ? error.message : String(error)}`;
  return exit.signal ? `was ended by ${exit.signal}` : `ended with exit code ${exit.code}`;
}
