import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@overdue/clock';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makePing } from '../testing.ts';
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
    journal.add(i, { ping: makePing(i, clock.now()), settle: () => settled++ });
  }
}

/** Longer than a write takes, were one under way. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50));

test('a ping that comes alone is written at once, one soon after it 2 ms after that', async () => {
  add(1);
  await vi.waitFor(() => expect(settled).toBe(1));
  add(1);
  await aWhile();
  expect(settled).toBe(1);
  await clock.advance(2);
  await vi.waitFor(() => expect(settled).toBe(2));
});

test('sixteen do not wait', async () => {
  add(1);
  await vi.waitFor(() => expect(settled).toBe(1));
  add(1);
  await aWhile();
  add(15);
  await vi.waitFor(() => expect(settled).toBe(17));
});
