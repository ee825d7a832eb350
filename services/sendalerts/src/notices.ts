import type { Clock, Milliseconds, Timer } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { type Mailer, tellOwners } from '@overdue/notifications';
import type { Logger } from '@overdue/observability';
import { GapNotices } from './gap-notice.ts';

/** How often it is looked whether somebody has to be told. */
const LOOK_EVERY: Milliseconds = 15_000;

export interface NoticesOptions {
  readonly database: { readonly sql: Sql };
  readonly clock: Clock;
  readonly mailer: Mailer;
  readonly site: Parameters<typeof tellOwners>[0]['site'];
  readonly logger: Logger;
}

/** E-mails about Overdue itself: to administrators of gaps, to owners of integrations that were switched off. */
export class Notices {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  /** Looks now. What is not sent is tried again by and by. */
  readonly tellOfGaps: () => void;
  /** As {@link tellOfGaps}. */
  readonly tellOfSwitchedOff: () => void;

  constructor({ database, clock, mailer, site, logger }: NoticesOptions) {
    this.#clock = clock;
    const gaps = new GapNotices({
      get sql() {
        return database.sql;
      },
      ...{ mailer, site, logger },
    });
    this.tellOfGaps = alone(
      () => gaps.tell(),
      (err) => logger.debug({ err }, 'Gaps could not be looked at'),
    );
    this.tellOfSwitchedOff = alone(
      () => tellOwners({ sql: database.sql, mailer, site, logger }),
      (err) => logger.debug({ err }, 'Integrations that were switched off could not be looked at'),
    );
  }

  start(): void {
    this.#timer = this.#clock.every(LOOK_EVERY, () => {
      this.tellOfGaps();
      this.tellOfSwitchedOff();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

/** Starts `work` unless it is under way. */
function alone(work: () => Promise<unknown>, onError: (err: unknown) => void): () => void {
  let underWay = false;
  return () => {
    if (underWay) return;
    underWay = true;
    work()
      .catch(onError)
      .finally(() => {
        underWay = false;
      });
  };
}
