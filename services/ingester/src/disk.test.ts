/** A disk that takes nothing, and a spool that is full. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { checkOf, makeCheck, pingsOf, sendTo, startTestIngester, type TestIngester } from './testing.ts';

let t: TestIngester;
const directory = mkdtempSync(join(tmpdir(), 'overdue-disk-'));
afterEach(async () => {
  await t.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('a disk that fails under the throttle: pings are answered by what PostgreSQL says, and count once', async () => {
  t = await startTestIngester({ PING_THROTTLE_SECONDS: '30', SPOOL_DIR: join(directory, 'spool') });
  const code = await makeCheck(t);
  expect((await sendTo(t.ingester.port, `/${code}`)).status).toBe(200);
  // The journal's first file cannot be made.
  rmSync(directory, { recursive: true, force: true });
  const answers = await Promise.all(Array.from({ length: 20 }, () => sendTo(t.ingester.port, `/${code}`)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  await expect.poll(async () => (await checkOf(t, code)).n_pings).toBe(21);
  expect(await pingsOf(t, code)).toHaveLength(21);
  await t.ingester.drain();
  expect((await checkOf(t, code)).n_pings).toBe(21);
});

test('a full spool: 503 with Retry-After, and what is acknowledged is not lost', async () => {
  t = await startTestIngester({ PING_DB_TIMEOUT_MS: '200', SPOOL_MAX_BYTES: '2000' });
  const code = await makeCheck(t);
  const ping = () => sendTo(t.ingester.port, `/${code}`, { method: 'POST', body: 'x'.repeat(100) });
  expect((await ping()).status).toBe(200);
  const acknowledged = [200];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let locked = () => {};
  const isLocked = new Promise<void>((resolve) => {
    locked = resolve;
  });
  // Nothing can be written while somebody holds the check.
  const holder = t.database.sql.begin(async (sql) => {
    await sql`select from checks for update`;
    locked();
    await released;
  });
  try {
    await isLocked;
    let refused = await ping();
    for (let i = 0; i < 100 && refused.status === 200; i++) {
      acknowledged.push(refused.status);
      refused = await ping();
    }
    expect([refused.status, refused.headers['retry-after'], refused.body]).toEqual([503, '5', 'try again later']);
    expect(acknowledged.length).toBeGreaterThan(2);
    // Let somebody else take them.
    expect(await t.ingester.ready()).toEqual(['The database is away and the spool is full.']);
  } finally {
    release();
    await holder;
  }
  await expect.poll(async () => (await checkOf(t, code)).n_pings).toBe(acknowledged.length);
  expect((await ping()).status).toBe(200);
  expect(await t.ingester.ready()).toEqual([]);
});
