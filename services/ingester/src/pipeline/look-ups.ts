import {
  CheckCache,
  type FoundCheck,
  loadByCode,
  loadBySlug,
  lookUpPatience,
  PatientPool,
  RememberedChecks,
} from '@overdue/pings';
import type { PipelineOptions } from './options.ts';
import { CheckProvisioner } from './provision.ts';

/** Which check a ping is for, and the connections for all that is short: look-ups, signs of life. */
export interface LookUps {
  readonly pool: PatientPool;
  readonly cache: CheckCache;
  readonly memory: RememberedChecks;
  readonly provisioner: CheckProvisioner;
  close(): Promise<void>;
}

/** Connects when something is asked for the first time. */
export function openLookUps({ clock, config, open, cachedChecks }: PipelineOptions): LookUps {
  const timeoutMs = config.PING_DB_TIMEOUT_MS;
  const pool = new PatientPool({
    clock,
    timeoutMs: lookUpPatience(timeoutMs),
    open: () => open('overdue ingester', 4, timeoutMs),
  });
  const making = new PatientPool({
    clock,
    timeoutMs,
    open: () => open('overdue ingester create', 2, timeoutMs),
  });
  const memory = new RememberedChecks();
  const remembered = <T extends FoundCheck>(found: T[]) => {
    memory.lookedUp(found.map(({ state }) => state));
    return found;
  };
  return {
    pool,
    cache: new CheckCache({
      clock,
      ...(cachedChecks ? { max: cachedChecks } : {}),
      loaders: {
        byCode: async (codes) => remembered(await pool.run(({ sql }) => loadByCode(sql, codes))),
        bySlug: async (addresses) => remembered(await pool.run(({ sql }) => loadBySlug(sql, addresses))),
      },
    }),
    memory,
    provisioner: new CheckProvisioner({ clock, pool, making }),
    async close() {
      await making.close();
      await pool.close();
    },
  };
}
