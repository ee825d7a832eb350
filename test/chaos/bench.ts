/** What the ingester's fault injection starts from: a PostgreSQL of its own, checks, and ingesters that are processes. */
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { count, makeChecks, type Sent, type Target } from './acknowledged.ts';
import { IngesterProcess, PrivatePostgres, temporaryDirectory } from './processes.ts';

export interface ChaosBench {
  readonly postgres: PrivatePostgres;
  /** Made anew for each test. */
  readonly target: Target;
  readonly dataDir: string;
  /** With PING_THROTTLE_SECONDS 0 and PING_DB_TIMEOUT_MS 500, unless `env` says otherwise. */
  startIngester(env?: Record<string, string>, databaseUrl?: string, directory?: string): Promise<IngesterProcess>;
  /** Resolves when everything that was accepted is in the database; what is coalesced, when its window has closed. */
  applied(...ingesters: IngesterProcess[]): Promise<void>;
  /** Each acknowledged ping is in the log and the counters exactly once, and there was real load. */
  expectExact(sent: Sent): Promise<void>;
}

const CHECKS = 200;

/** Registers the hooks of a test file; use what it returns inside of tests only. */
export function chaosBench(): ChaosBench {
  let postgres: PrivatePostgres;
  let target: Target;
  let dataDir: string;
  const running: IngesterProcess[] = [];
  vi.setConfig({ testTimeout: 600_000 });

  beforeAll(async () => {
    postgres = await PrivatePostgres.start();
  });
  afterAll(() => postgres.destroy());
  beforeEach(async () => {
    await postgres.database
      .sql`truncate users, projects, checks, pings, flips, ingest_lanes, instances, coverage cascade`;
    target = await makeChecks(postgres.database, CHECKS);
    dataDir = temporaryDirectory('chaos-data');
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((ingester) => ingester.end('SIGKILL')));
    rmSync(dataDir, { recursive: true, force: true });
  });

  return {
    get postgres() {
      return postgres;
    },
    get target() {
      return target;
    },
    get dataDir() {
      return dataDir;
    },
    async startIngester(env = {}, databaseUrl = postgres.url(), directory = dataDir) {
      const ingester = await IngesterProcess.start({
        databaseUrl,
        dataDir: directory,
        env: { PING_THROTTLE_SECONDS: '0', PING_DB_TIMEOUT_MS: '500', ...env },
      });
      running.push(ingester);
      return ingester;
    },
    applied,
    async expectExact(sent) {
      expect(await count(postgres.database, sent)).toEqual({
        lost: 0,
        refusedTaken: 0,
        twice: 0,
        miscounted: 0,
        impossible: 0,
      });
      expect(sent.acknowledged.size).toBeGreaterThan(100);
    },
  };
}

/** Where an acknowledged ping may be that is not in the database yet. */
const HELD = ['spool_pings', 'spooling', 'in_flight_pings', 'coalesced_pings'];

async function applied(...ingesters: IngesterProcess[]): Promise<void> {
  await eventually('everything is applied', async () => {
    // All of one moment: pings go from one place to another.
    for (const one of ingesters) if ((await one.metrics(...HELD)).some((value) => value !== 0)) return false;
    return true;
  }).catch(async (error) => {
    const names = [...HELD, 'replayed_total'];
    const values = await Promise.all(ingesters.map(async (one) => (await one.metrics(...names)).join(' ')));
    const output = ingesters.map((one) => one.output).join('\n');
    throw new Error(`${error.message}: ${names.join(' ')} ${values.join(', ')}\n${output}`);
  });
}
