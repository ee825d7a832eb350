import { VirtualClock } from '@overdue/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Liveness } from './liveness.ts';

let clock: VirtualClock;
let liveness: Liveness;
let process: { pid: number | undefined; answers: boolean; stopped: boolean };
let ended: { pid: number; at: number }[];
let said: string[];

beforeEach(() => {
  clock = new VirtualClock(0);
  process = { pid: 7, answers: true, stopped: false };
  ended = [];
  said = [];
  liveness = new Liveness({
    name: 'web',
    clock,
    pid: () => process.pid,
    answers: async () => process.answers,
    stopped: () => process.stopped,
    end: (pid) => ended.push({ pid, at: clock.now() }),
    say: (line) => said.push(line),
  });
  liveness.start();
});
afterEach(() => liveness.stop());

test('one that stopped answering is ended after a minute, and not before', async () => {
  await clock.advance(10_000);
  process.answers = false;
  await clock.advance(59_999);
  expect(ended).toEqual([]);
  await clock.advance(1);
  expect(ended).toEqual([{ pid: 7, at: 70_000 }]);
  expect(said).toEqual(['web has not answered for 60 s and is ended (process 7)']);
});

test('an answer in between begins the minute anew', async () => {
  await clock.advance(5000);
  process.answers = false;
  await clock.advance(55_000);
  process.answers = true;
  await clock.advance(5000);
  process.answers = false;
  await clock.advance(55_000);
  expect(ended).toEqual([]);
});

test('one that has never answered is still starting, and the next process is not blamed for the last', async () => {
  process.answers = false;
  await clock.advance(600_000);
  process.answers = true;
  await clock.advance(5000);
  process = { ...process, pid: 8, answers: false };
  await clock.advance(600_000);
  expect(ended).toEqual([]);
});

test('one that somebody stopped (a debugger) is left alone', async () => {
  await clock.advance(5000);
  process = { ...process, answers: false, stopped: true };
  await clock.advance(600_000);
  expect(ended).toEqual([]);
  process.stopped = false;
  await clock.advance(60_000);
  expect(ended).toHaveLength(1);
});
