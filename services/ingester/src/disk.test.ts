/** A disk that takes nothing, and a spool that is full. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { checkOf, makeCheck, pingsOf, sendTo, startTestIngester, type TestIngester } from './testing.ts';

let t: TestIngester;
const directory = mkdtempSync(join(tmpdir(), 'overdue-disk-'));

/** Nothing can be written while somebody holds the checks. Resolves when they are held, with what lets them go. */
async function lockEverything(): Promise<() => Promise<void>> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let holder: Promise<unknown> = Promise.resolve();
  await new Promise<void>((locked) => {
    holder = t.database.sql.begin(async (sql) => {
      await sql`select from checks for update`;
      locked();
      await released;
    });
  });
  return async () => {
    release();
    await holder;
  };
}

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
  const release = await lockEverything();
  try {
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
    await release();
  }
  await expect.poll(async () => (await checkOf(t, code)).n_pings).toBe(acknowledged.length);
  expect((await ping()).status).toBe(200);
  expect(await t.ingester.ready()).toEqual([]);
});

test.runIf(process.getuid?.() === 0)(
  'a full disk while the database is away: who got 503 may send it again, it has not counted',
  async (context) => {
    const small = join(directory, 'small');
    mkdirSync(small, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', small], { stdio: 'ignore' });
    } catch {
      context.skip('no file system can be mounted here');
    }
    try {
      t = await startTestIngester({
        ...{ PING_DB_TIMEOUT_MS: '200', PING_THROTTLE_SECONDS: '30' },
        ...{ SPOOL_DIR: join(small, 'spool'), SPOOL_MAX_BYTES: '1000' },
      });
      const codes = await Promise.all(Array.from({ length: 5 }, () => makeCheck(t)));
      const statuses = new Map(codes.map((code) => [code, [] as number[]]));
      // Plain ones, which the throttle coalesces, and at last others: they end its windows.
      let suffix = '';
      const round = (size: number) =>
        Promise.all(
          codes.flatMap((code) =>
            Array.from({ length: size }, async (_, i) => {
              // So that a few of them are more than what is left of a page.
              const headers = { 'user-agent': `${i}`.padEnd(190, 'x') };
              const { status } = await sendTo(t.ingester.port, `/${code}${suffix}`, { headers });
              statuses.get(code)!.push(status);
            }),
          ),
        );
      const recorded = (code: string) => statuses.get(code)!.filter((status) => status === 200).length;
      const allRecorded = async () => {
        for (const code of codes) await expect.poll(async () => (await checkOf(t, code)).n_pings).toBe(recorded(code));
      };
      // On a busy machine even the first ones may find the database too slow, and this small spool full.
      while (codes.some((code) => recorded(code) === 0)) await round(1);
      await allRecorded();
      const release = await lockEverything();
      try {
        await round(20);
        const filler = openSync(join(small, 'filler'), 'w');
        const page = Buffer.alloc(4096);
        // Until nothing more fits: the journal and the spool fail from now on, in the middle of what they write.
        for (let full = false; !full; ) {
          try {
            writeSync(filler, page);
          } catch {
            full = true;
          }
        }
        closeSync(filler);
        for (let i = 0; i < 3; i++) await round(20);
        suffix = '/log';
        await round(20);
        expect(await t.ingester.ready()).toEqual([
          expect.stringMatching(/away and the spool (is full|cannot be written: ENOSPC)/),
        ]);
      } finally {
        rmSync(join(small, 'filler'), { force: true });
        await release();
      }
      const all = [...statuses.values()].flat();
      expect([...new Set(all)].sort()).toEqual([200, 503]);
      await allRecorded();
      await t.ingester.drain();
      for (const code of codes) expect((await checkOf(t, code)).n_pings).toBe(recorded(code));
    } finally {
      execFileSync('umount', ['-l', small]);
    }
  },
);
