/** What an orderly stop says in `instances`: only who leaves nothing need not be waited for. */
import { systemClock } from '@overdue/clock';
import { registerInstance } from '@overdue/database';
import { SPOOLING_SINCE } from '@overdue/pings/vouching';
import { afterEach, expect, test } from 'vitest';
import { checkOf, makeCheck, startTestIngester, type TestIngester } from './testing.ts';

let t: TestIngester;
afterEach(() => t.stop());

async function start(env: Record<string, string> = {}): Promise<string> {
  t = await startTestIngester(env);
  const { sql } = t.database;
  const startedAt = systemClock.now();
  await registerInstance(sql, { id: t.instanceId, service: 'ingester', host: 'h', pid: 1, startedAt });
  return makeCheck(t);
}

async function hasStopped(): Promise<boolean> {
  await t.ingester.drain();
  await t.ingester.instances.stop(t.instanceId);
  const [row] = await t.database.sql<{ stopped: boolean }[]>`
    select stopped_at is not null as stopped from instances where id = ${t.instanceId}`;
  return row!.stopped;
}

test('everything is in the database: nobody need wait for it', async () => {
  const code = await start();
  expect(await (await fetch(`${t.url}/${code}`)).text()).toBe('OK');
  expect(await hasStopped()).toBe(true);
  expect((await checkOf(t, code)).n_pings).toBe(1);
});

test('an acknowledged ping is in the spool only: its row stays as that of one who lives', async () => {
  const code = await start({ PING_DB_TIMEOUT_MS: '300' });
  // Somebody holds its check: the ping is spooled, and cannot be applied until they let go.
  await t.database.sql.begin(async (sql) => {
    await sql`select from checks where code = ${code} for update`;
    expect(await (await fetch(`${t.url}/${code}`)).text()).toBe('OK');
    expect(await hasStopped()).toBe(false);
    expect((await checkOf(t, code)).n_pings).toBe(0);
    // Its last words, by which others wait for long: see IngesterWatch.
    const [row] = await t.database.sql<{ spooling: boolean }[]>`
      select info ? ${SPOOLING_SINCE} as spooling from instances where id = ${t.instanceId}`;
    expect(row).toEqual({ spooling: true });
  });
});
