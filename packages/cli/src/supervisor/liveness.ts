import type { Clock, Milliseconds, Timer } from '@overdue/clock';

export interface LivenessOptions {
  readonly name: string;
  readonly clock: Clock;
  /** The process that runs now; undefined: none. */
  pid(): number | undefined;
  /** Whether it answers its health question, within some seconds. Must not reject. */
  answers(): Promise<boolean>;
  /** Whether somebody has stopped it on purpose. */
  stopped(pid: number): boolean;
  /** Ends it by force. */
  end(pid: number): void;
  /** What happens, in words. */
  say(line: string): void;
}

const ASK_EVERY: Milliseconds = 5000;
/** So many questions in a row that got no answer: a minute. */
const MISSES = 12;

/**
 * Ends a process that lives but has stopped answering, so that its keeper starts another. Slow to judge, because ending a
 * process that is only slow makes everything worse: it must have answered before, then been silent for a minute of
 * questions that were really asked (a suspended machine asks none), and not been stopped by somebody.
 */
export class Liveness {
  readonly #options: LivenessOptions;
  #timer: Timer | undefined;
  #asking = false;
  /** Of the process that answered last. */
  #answered: number | undefined;
  #misses = 0;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.every(ASK_EVERY, () => void this.#ask());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #ask(): Promise<void> {
    const { name, pid: current, answers, stopped, end, say } = this.#options;
    const pid = current();
    if (this.#asking || pid === undefined) return;
    this.#asking = true;
    const answered = await answers();
    this.#asking = false;
    if (current() !== pid) return;
    if (answered) this.#answered = pid;
    if (answered || this.#answered !== pid || stopped(pid)) {
      this.#misses = 0;
      return;
    }
    if (++this.#misses < MISSES) return;
    say(`${name} has not answered for ${(MISSES * ASK_EVERY) / 1000} s and is ended (process ${pid})`);
    this.#misses = 0;
    end(pid);
  }
}
