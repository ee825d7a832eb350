import type { Instant, Milliseconds } from '@overdue/clock';
import type { Database } from '@overdue/database';
import type { SimIngester } from './ingester.ts';
import type { SimProcess } from './process.ts';
import type { Random } from './random.ts';

/** A machine, or container, and the process that runs there. */
export interface Host {
  readonly name: string;
  wallOffset: Milliseconds;
  /** Its own, so that its luck does not depend on the others'. */
  readonly random: Random;
  process: SimProcess | null;
  ingester: SimIngester | null;
  /** Id in `instances` of the newest ingester that ran here. */
  instanceId: string | null;
  /** Of `web`: its pool. */
  database: Database | null;
  /** Of `sendalerts`: up to where it has judged. */
  judgedUntil: () => Instant | null;
  /** Its process ended in order, and not by a crash. */
  inOrder: boolean;
}
