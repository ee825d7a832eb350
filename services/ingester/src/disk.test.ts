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
