import { systemClock } from '@overdue/clock';
import { expect, test } from 'vitest';
import type { Finish } from './finish.ts';
import type { Outbox } from './outbox.ts';
import { Recorder } from './recorder.ts';
import { quiet } from './testing/outbox.ts';

const hurried = { ...systemClock, sleep: () => systemClock.sleep(1) };
const finish = (id: number): Finish => ({
  id,
  channelId: 1,
  state: 'sent',
  error: '',
  entry: { at: 0, ms: 0, answer: '' },
  delay: 0,
  startedAt: 0,
  duration: 0,
  disable: false,
});

/** A recorder on an outbox that fails with these codes, one after the other, whenever row 13 is among what is written. */
function recorder(codes: string[], lost: readonly number[] = []) {
  const writes: number[][] = [];
  const outbox = {
    async finish(items: readonly Finish[]) {
      const ids = items.map(({ id }) => id);
      writes.push(ids);
      const code = ids.includes(13) ? codes.shift() : undefined;
      if (code) throw Object.assign(new Error(code), { code });
      return new Set(ids.filter((id) => !lost.includes(id)));
    },
  } as Pick<Outbox, 'finish'> as Outbox;
  return { writes, recorder: new Recorder({ outbox, clock: hurried, logger: quiet }) };
}

test.each(['40P01', '55P03', '58030', '57014', '42501', 'CONNECTION_CLOSED'])(
  '%s may pass: a single outcome is written once it has',
  async (code) => {
    const { recorder: r, writes } = recorder([code, code, code]);
    expect(await r.record(finish(13))).toBe('written');
    expect(writes).toEqual([[13], [13], [13], [13]]);
  },
);

test('one that cannot be written does not keep the others from it', async () => {
  const { recorder: r, writes } = recorder(['22P05', '22P05']);
  expect(await Promise.all([12, 13, 14].map((id) => r.record(finish(id))))).toEqual([
    'written',
    'unwritten',
    'written',
  ]);
  expect(writes).toEqual([[12, 13, 14], [12], [13], [14]]);
});

test('a row that is somebody else’s by now', async () => {
  const { recorder: r } = recorder([], [2]);
  expect(await Promise.all([1, 2].map((id) => r.record(finish(id))))).toEqual(['written', 'lost']);
});

test('after closing nothing is tried again', async () => {
  const { recorder: r, writes } = recorder(Array(9).fill('40P01'));
  r.close();
  expect(await r.record(finish(13))).toBe('unwritten');
  expect(writes).toEqual([[13]]);
});
