import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@overdue/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countedPing, makePing } from '../testing.ts';
import { Journal } from './journal.ts';

const clock = new VirtualClock(Date.UTC(2026, 10, 21));
let directory: string;
let journal: Journal;
let settled: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'journal-'));
  ({ journal } = await Journal.open({ directory, clock, onDamage: () => {} }));
  settled = 0;
});
afterEach(async () => {
  await journal.close();
  await rm(directory, { recursive: true });
});

function add(pings: number) {
  for (let i = 0; i < pings; i++) {
    journal.add(countedPing(i, makePing(i, clock.now()), () => settled++));
  }
}

/** Longer than a write takes, were one under way. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50));

test('a ping that comes alone is written at once, one soon after it 2 ms after that', async () => {
  add(1);
  await expect.poll(() => settled).toBe(1);
  add(1);
  await aWhile();
  expect(settled).toBe(1);
  await clock.advance(2);
  await expect.poll(() => settled).toBe(2);
});

test('forty-eight do not wait', async () => {
  add(1);
  await expect.poll(() => settled).toBe(1);
  add(1);
  await aWhile();
  add(46);
  await aWhile();
  expect(settled).toBe(1);
  add(1);
  await expect.poll(() => settled).toBe(49);
});
