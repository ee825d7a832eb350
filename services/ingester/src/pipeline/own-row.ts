import type { Clock } from '@overdue/clock';
import { instanceStore } from '@overdue/database';
import type { InstanceStore, Logger } from '@overdue/observability';
import type { PatientPool, SpoolDirectory } from '@overdue/pings';
import { SPOOLED_PINGS, SPOOLING_SINCE } from '@overdue/pings/vouching';
import type { Stages } from './stages.ts';

export interface OwnRowOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  readonly pool: PatientPool;
  readonly stages: Pick<Stages, 'writer' | 'watermark' | 'oldestHeld'>;
  readonly spool: SpoolDirectory['spool'];
}

/**
 * This process's row in `instances`, with what it holds: others go by the last that it said. It ends only when nothing
 * is left that is not in the database.
 */
export function ownRow({ clock, logger, pool, stages, spool }: OwnRowOptions): InstanceStore {
  const { writer, watermark, oldestHeld } = stages;
  /** Should these be its last words, nobody goes on without it soon: see IngesterWatch. */
  const held = () =>
    writer.mode === 'live' ? {} : { [SPOOLING_SINCE]: oldestHeld() ?? clock.now(), [SPOOLED_PINGS]: spool.pings };
  /** After draining: whether all that was accepted is in the database, and it says until when pings were received. */
  const leavesNothing = async () => {
    // A beat that is under way may have begun before the last ping was stored; then the next one says it.
    for (let beats = 0; beats < 2 && watermark.owesWords; beats++) await watermark.beat();
    return !watermark.owesWords && spool.empty && oldestHeld() === null;
  };
  return {
    register: (instance) => pool.run(({ sql }) => instanceStore(sql).register(instance)),
    beat: (id, info) => pool.run(({ sql }) => instanceStore(sql).beat(id, { ...info, ...held() })),
    async stop(id) {
      if (await leavesNothing()) return pool.run(({ sql }) => instanceStore(sql).stop(id));
      const { pings } = spool;
      logger.warn({ pings }, 'Pings are left that are not in the database; start again soon on this SPOOL_DIR');
      // From now on it stands still.
      await pool.run(({ sql }) => instanceStore(sql).beat(id, held()));
    },
  };
}
