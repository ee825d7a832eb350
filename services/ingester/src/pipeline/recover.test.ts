/** What an earlier process left comes before what comes now. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { connect } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { createLogger, createRegistry } from '@overdue/observability';
import { type IntakeOutcome, keepReceived, openSpoolDirectory } from '@overdue/pings';
import { countedPing, makePing } from '@overdue/pings/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetrics } from '../metrics.ts';
import { openPipeline, type Pipeline } from './pipeline.ts';

let database: TestDatabase;
let directory: string;

beforeAll(async () => {
  database = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'overdue-recover-'));
});
afterAll(async () => {
  await database.drop();
  rmSync(directory, { recursive: true, force: true });
});

function nextProcess(instanceId = randomUUID()): Promise<Pipeline> {
  return openPipeline({
    config: { ...loadConfig({ DATA_DIR: directory, PING_THROTTLE_SECONDS: '30' }), SPOOL_DIR: directory },
    clock: systemClock,
    logger: createLogger({ service: 'ingester', level: 'silent', format: 'json' }),
    metrics: (state) => createMetrics(createRegistry('ingester'), state),
    open: (applicationName, max) => connect({ target: database.target, applicationName, max }),
    instanceId,
  });
}

test('also a ping that comes while the other listeners are still being opened', async () => {
  const [user] = await database.sql`insert into users (username, email) values ('u', 'u@host.test') returning id`;
  const [project] = await database.sql`
    insert into projects (owner_id, badge_key) values (${user!.id}, 'badge') returning id`;
  const code = randomUUID();
  const [check] = await database.sql<{ id: number }[]>`
    insert into checks (code, project_id) values (${code}, ${project!.id}) returning id`;
  const at = systemClock.now() - 10_000;
  const before = await openSpoolDirectory({ directory, maxBytes: 1 << 20, clock: systemClock, onDamage() {} });
  const failure = makePing(check!.id, at, { kind: 'fail' });
  await before.spool.append({ lane: randomUUID(), batch: 1 }, [failure]);
  // Coalesced, in no batch yet.
  const coalesced = makePing(check!.id, at + 1);
  await new Promise((settle) => before.journal.add(countedPing(check!.id, coalesced, settle)));
  await before.close();

  const pipeline = await nextProcess();
  pipeline.recover();
  const outcome = await new Promise<IntakeOutcome>((settle) =>
    pipeline.intake.submit({
      address: { code },
      action: 'start',
      exitStatus: null,
      rid: null,
      create: false,
      scheme: 'http',
      method: 'GET',
      remoteAddr: null,
      ua: '',
      body: null,
      classify: () => 'start',
      settle,
    }),
  );
  expect(outcome).toBe('recorded');
  pipeline.start();
  const kinds = async () =>
    (await database.sql<{ kind: string }[]>`select kind from pings where check_id = ${check!.id} order by n`).map(
      (row) => row.kind,
    );
  await expect.poll(kinds).toHaveLength(3);
  expect(await kinds()).toEqual(['fail', 'success', 'start']);
  await pipeline.close();
});

test.each<[string, (pipeline: Pipeline) => void]>([
  ['before its start', () => {}],
  ['while it applies it', (pipeline) => pipeline.recover()],
])('a spool that has lost pings %s: a gap, so that nobody is declared down for them', async (_when, recover) => {
  const isFoundLater = recover.length > 0;
  const from = systemClock.now() - 10_000;
  const before = await openSpoolDirectory({ directory, maxBytes: 1 << 20, clock: systemClock, onDamage() {} });
  await before.spool.append({ lane: randomUUID(), batch: 1 }, [makePing(1, from + 1000)]);
  await before.close();
  keepReceived(directory, [{ from, until: from + 5000 }]);
  const destroy = () => {
    for (const name of readdirSync(directory).filter((one) => one.startsWith('spool-'))) {
      writeFileSync(join(directory, name), Buffer.alloc(500));
    }
  };
  if (!isFoundLater) destroy();
  const instanceId = randomUUID();
  const pipeline = await nextProcess(instanceId);
  if (isFoundLater) destroy();
  recover(pipeline);
  pipeline.start();
  const gaps = () => database.sql`
    select from gaps where instance_id = ${instanceId}
      and from_at <= ${from + 1000}::timestamptz and until_at > ${from + 5000}::timestamptz`;
  await expect.poll(gaps).toHaveLength(1);
  await pipeline.close();
});
