import type { Clock, Milliseconds } from '@overdue/clock';
import { latePings } from '../throttle.ts';
import type { StrandedBatch } from '../writer.ts';
import { Journal } from './journal.ts';
import type { CoalescedPings } from './journal-records.ts';
import { lockDirectory } from './lock.ts';
import type { Damage } from './segment.ts';
import { Spool } from './spool.ts';

export interface SpoolDirectory {
  readonly spool: Spool;
  readonly journal: Journal;
  /** Coalesced pings of an earlier process whose batch may not have been committed; apply them first. */
  readonly stranded: readonly StrandedBatch[];
  /** Coalesced pings of an earlier process that were in no batch yet. */
  readonly unclaimed: readonly CoalescedPings[];
  /** Call when the unclaimed ones are claimed anew and the stranded ones are done. */
  readonly recovered: () => Promise<void>;
  close(): Promise<void>;
}

/**
 * Takes SPOOL_DIR for this process and reads what earlier ones left: batches in the spool, and pings that the throttle
 * had answered.
 * @throws SpoolLockedError, or the disk's error
 */
export async function openSpoolDirectory(options: {
  readonly directory: string;
  readonly maxBytes: number;
  readonly clock: Clock;
  /** See {@link JournalOptions}. */
  readonly patienceMs?: Milliseconds;
  readonly onDamage: (damage: Damage) => void;
}): Promise<SpoolDirectory> {
  const unlock = await lockDirectory(options.directory, options.clock);
  try {
    const { journal, recovered } = await Journal.open(options);
    const claims = new Set(recovered.claimed.map(({ number }) => `${number.lane} ${number.batch}`));
    const spooled = new Set<string>();
    const spool = await Spool.open(options, ({ lane, batch }) => {
      if (claims.has(`${lane} ${batch}`)) spooled.add(`${lane} ${batch}`);
    });
    const stranded = recovered.claimed
      // The spool has the whole batch; applying a part of it under its number would hide the rest.
      .filter(({ number }) => !spooled.has(`${number.lane} ${number.batch}`))
      .map(({ number, groups }) => ({
        number,
        pings: groups.flatMap(({ checkId, pings, skipped }) => latePings(checkId, pings, skipped)),
        done() {},
      }));
    return {
      spool,
      journal,
      stranded,
      unclaimed: recovered.unclaimed,
      recovered: recovered.done,
      async close() {
        await journal.close();
        await spool.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}
