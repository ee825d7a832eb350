import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, VirtualClock } from '@overdue/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataDirLock, dataDirHolder, type Holder, lockDataDir } from './data-dir-lock.ts';
import { processIdentity } from './processes.ts';

let dataDir: string;
let file: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'overdue-lock-'));
  file = join(dataDir, 'run', 'overdue.lock');
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

function leave(holder: Partial<Holder>): void {
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  const whole = { pid: process.pid, identity: 'x', host: hostname(), since: '2026-11-21T00:00:00.000Z', ...holder };
  writeFileSync(file, JSON.stringify(whole));
}

test('the second to ask is told who holds it, until the first lets go', async () => {
  const lock = (await lockDataDir(dataDir, systemClock)) as DataDirLock;
  expect(await lockDataDir(dataDir, systemClock)).toMatchObject({ pid: process.pid, host: hostname() });
  expect(await dataDirHolder(dataDir, systemClock)).toMatchObject({ pid: process.pid });
  lock.release();
  expect(existsSync(file)).toBe(false);
  expect(await dataDirHolder(dataDir, systemClock)).toBeNull();
});

test('of twenty at once, one gets it', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => lockDataDir(dataDir, systemClock)));
  const locks = answers.filter((answer): answer is DataDirLock => 'release' in answer);
  expect(locks).toHaveLength(1);
  locks[0]!.release();
});

test('the lock of a process that was killed is free at once, also when its pid is in use again', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  leave({ pid: child.pid!, identity: processIdentity(child.pid!) });
  expect(await lockDataDir(dataDir, systemClock)).toMatchObject({ pid: child.pid });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = (await lockDataDir(dataDir, systemClock)) as DataDirLock;
  lock.release();
  // Our own pid, but started at another instant.
  leave({ pid: process.pid, identity: 'another' });
  ((await lockDataDir(dataDir, systemClock)) as DataDirLock).release();
});

test('a lock from another host counts as long as it is touched', async () => {
  const clock = new VirtualClock(Date.now());
  leave({ host: 'elsewhere' });
  const asking = lockDataDir(dataDir, clock);
  await clock.advance(1000);
  // The clocks of file systems are coarse: what was written a millisecond ago may say the same.
  utimesSync(file, new Date(), new Date(Date.now() + 1000));
  await clock.advance(1000);
  expect(await asking).toMatchObject({ host: 'elsewhere' });

  const again = lockDataDir(dataDir, clock);
  await clock.advance(11_000);
  const lock = (await again) as DataDirLock;
  expect(JSON.parse(readFileSync(file, 'utf8')).host).toBe(hostname());
  lock.release();
});
