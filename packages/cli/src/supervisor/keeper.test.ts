import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@overdue/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Exit, Keeper, type KeeperOptions } from './keeper.ts';

let folder: string;
let clock: VirtualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'overdue-keeper-'));
  clock = new VirtualClock(0);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** No real pid is that high, so that a signal reaches nobody. */
const NOBODY = 2 ** 22 + 1;

function keeper(options: Partial<KeeperOptions> = {}) {
  const starts: number[] = [];
  const said: string[] = [];
  let end: (exit: Exit) => void = () => {};
  const kept = new Keeper({
    name: 'web',
    pidFile: join(folder, 'web.pid'),
    clock,
    say: (line) => said.push(line),
    onEnd: () => true,
    stopSteps: [
      ['SIGTERM', 1000],
      ['SIGKILL', 1000],
    ],
    async launch(spawned) {
      starts.push(clock.now());
      spawned(NOBODY + starts.length);
      return { exited: new Promise((resolve) => (end = resolve)) };
    },
    ...options,
  });
  return { kept, starts, said, end: (exit: Exit) => end(exit) };
}

test('started again at once three times, then after pauses up to four seconds; begins anew after a steady run', async () => {
  const { kept, starts, end } = keeper();
  kept.start();
  await clock.advance(0);
  const pauses: number[] = [];
  for (let i = 0; i < 9; i++) {
    const ended = clock.now();
    end({ code: 1, signal: null });
    await clock.advance(4000);
    pauses.push(starts.at(-1)! - ended);
  }
  expect(pauses).toEqual([0, 0, 0, 250, 500, 1000, 2000, 4000, 4000]);
  await clock.advance(5001);
  end({ code: null, signal: 'SIGKILL' });
  await clock.advance(0);
  expect(starts.at(-1)).toBe(clock.now());
});

test('the pid file names the living process and is gone while there is none', async () => {
  const file = join(folder, 'web.pid');
  const { kept, end } = keeper();
  kept.start();
  for (let i = 1; i <= 4; i++) {
    await clock.advance(0);
    expect(readFileSync(file, 'utf8')).toBe(`${NOBODY + i}\n`);
    end({ code: null, signal: 'SIGKILL' });
  }
  await clock.advance(100);
  expect(existsSync(file)).toBe(false);
  await clock.advance(200);
  expect(readFileSync(file, 'utf8')).toBe(`${NOBODY + 5}\n`);
});

test('one that cannot be started is tried again, unless it is given up', async () => {
  let attempts = 0;
  const { kept, said } = keeper({
    async launch() {
      attempts += 1;
      throw new Error('no such file');
    },
    onEnd: (_exit, times) => times < 3,
  });
  kept.start();
  await clock.advance(60_000);
  expect(attempts).toBe(3);
  expect(said[0]).toBe('web did not start: no such file');
});

test('stopping goes through the steps until the process is gone, and does not start it again', async () => {
  const { kept, starts, said, end } = keeper();
  kept.start();
  await clock.advance(0);
  const stopped = kept.stop();
  await clock.advance(1500);
  expect(said).toEqual(['web did not end 1 s after SIGTERM']);
  end({ code: null, signal: 'SIGKILL' });
  await clock.advance(1000);
  await stopped;
  expect(starts).toHaveLength(1);
});
