import type { Clock, Milliseconds } from '@overdue/clock';

/** Wakes one waiting loop; a wake-up that nobody waits for is kept for the next wait. */
export class WakeUp {
  #pending = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    this.#pending = true;
    this.#resolve?.();
  }

  /** Resolves at the next {@link wake}, or after `timeout`. */
  async wait(clock: Clock, timeout: Milliseconds): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        const timer = clock.after(timeout, resolve);
        this.#resolve = () => {
          timer.cancel();
          resolve();
        };
      });
      this.#resolve = undefined;
    }
    this.#pending = false;
  }
}
