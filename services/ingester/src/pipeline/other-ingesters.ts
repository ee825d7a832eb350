import type { Clock, Milliseconds } from '@overdue/clock';
import type { PatientPool } from '@overdue/pings';
import { IngesterWatch, readIngesters } from '@overdue/pings/vouching';

const LOOK_EVERY_MS = 1900;
/** How long an ingester that has fallen silent still counts as one that may be throttling. */
export const OTHERS_WITHIN_MS = 10_000;

export interface OtherIngestersOptions {
  readonly clock: Clock;
  readonly pool: PatientPool;
  /** Our own. */
  readonly instanceId: string;
  /** The least time between two looks; default 1900 ms. */
  readonly lookEvery?: (() => Milliseconds) | undefined;
  /** Called when there is no other any more. */
  readonly alone: () => void;
}

/** What this ingester knows of the others, by their rows in `instances`. */
export class OtherIngesters {
  readonly #options: OtherIngestersOptions;
  readonly #watch = new IngesterWatch();
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Whether there is one that may be throttling. */
  any = false;

  constructor(options: OtherIngestersOptions) {
    this.#options = options;
  }

  /** See {@link IngesterWatch.isDead}. */
  isDead(ingester: Parameters<IngesterWatch['isDead']>[0]): boolean {
    return this.#watch.isDead(ingester);
  }

  /** Asks the database for them, if it is time to. Call it about once a second. */
  look(): void {
    const { clock, pool, instanceId, lookEvery } = this.#options;
    if (clock.monotonic() - this.#lookedAt < (lookEvery?.() ?? LOOK_EVERY_MS)) return;
    this.#lookedAt = clock.monotonic();
    pool
      .run(({ sql }) => readIngesters(sql, OTHERS_WITHIN_MS))
      .then((ingesters) => {
        this.#watch.look(ingesters, clock.monotonic());
        const any = ingesters.some(({ id, recent }) => recent && id !== instanceId);
        if (this.any && !any) this.#options.alone();
        this.any = any;
      })
      .catch(() => this.#watch.interrupted());
  }
}
