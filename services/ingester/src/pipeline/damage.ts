import type { Logger } from '@overdue/observability';
import { ANOTHER_RELEASE, type Damage } from '@overdue/pings';

/** What of the spool directory could not be read: logged, and counted since the start. */
export class DamageLog {
  readonly #logger: Pick<Logger, 'error'>;
  #tell: (() => void) | null = null;
  #untold = false;
  bytes = 0;
  /** Pings that were in it, as far as that is known. */
  pings = 0;

  constructor(logger: Pick<Logger, 'error'>) {
    this.#logger = logger;
  }

  add(damage: Damage): void {
    this.bytes += damage.bytes;
    this.pings += damage.pings ?? 0;
    // Unless it is known that no ping was in it.
    if (damage.pings !== 0) this.#lost();
    const isForeign = damage.cause === ANOTHER_RELEASE;
    if (isForeign)
      this.#logger.error(damage, 'A file of the spool was written by another release, and is left for that');
    else this.#logger.error(damage, 'A part of the spool cannot be read and was set aside');
  }

  /** Calls `tell` whenever answered pings may be lost, and now if some may be already: damage is found from the start on. */
  whenLost(tell: () => void): void {
    this.#tell = tell;
    if (this.#untold) tell();
  }

  #lost(): void {
    if (this.#tell) this.#tell();
    else this.#untold = true;
  }
}
