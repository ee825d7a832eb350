import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@overdue/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isLocked, lockDirectory, SpoolLockedError } from './lock.ts';

let directory: string;
let clock: VirtualClock;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'overdue-lock-'));
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const path = () => join(directory, 'lock');
/** A lock of process 1 of another container, touched now. */
const foreign = () => {
  writeFileSync(path(), '1 4711 0b1e4b1e-0000-4000-8000-000000000000/pid:[4026532999]\n');
  touch();
};
const touch = () => utimesSync(path(), clock.now() / 1000, clock.now() / 1000);

/** What becomes of taking the directory, with the clock going on meanwhile; `each` is called each second. */
async function take(seconds: number, each: () => void = () => {}): Promise<'taken' | 'refused' | 'waits'> {
  let result: 'taken' | 'refused' | 'waits' = 'waits';
  lockDirectory(directory, clock).then(
    (unlock) => {
      result = 'taken';
      unlock();
    },
    (error) => {
      expect(error).toBeInstanceOf(SpoolLockedError);
      expect(error.message).toContain('in another container');
      result = 'refused';
    },
  );
  for (let i = 0; i < seconds; i++) {
    await clock.advance(1000);
    each();
  }
  await clock.advance(0);
  return result;
}

test('of a process in another PID namespace that gives signs of life: refused', async () => {
  foreign();
  expect(isLocked(directory)).toBe(true);
  expect(await take(3, touch)).toBe('refused');
});

test('that is silent: taken after some seconds, and no sooner', async () => {
  foreign();
  expect(await take(4)).toBe('waits');
  expect(await take(6)).toBe('taken');
});

test('that has been silent for long: taken at once', async () => {
  foreign();
  await clock.advance(60_000);
  expect(await take(0)).toBe('taken');
});

test('is touched once a second, and given back', async () => {
  const unlock = await lockDirectory(directory, clock);
  expect(isLocked(directory)).toBe(true);
  const before = touchedAt();
  await clock.advance(3000);
  expect(touchedAt() - before).toBe(3000);
  await expect(lockDirectory(directory, clock)).rejects.toThrow('already open in this process');
  unlock();
  expect(isLocked(directory)).toBe(false);
  expect(clock.nextDue()).toBeUndefined();
});

test('a holder whose lock was taken over ends loudly', async () => {
  const unlock = await lockDirectory(directory, clock);
  const mine = readFileSync(path(), 'utf8');
  foreign();
  await expect(clock.advance(1000)).rejects.toThrow('was taken from us');
  writeFileSync(path(), mine);
  unlock();
});

function touchedAt(): number {
  return Math.round(statSync(path()).mtimeMs);
}
