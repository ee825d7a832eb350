/** The room that a file has behind its content. */
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Damage } from './segment.ts';
import { SegmentLog } from './segment-log.ts';
import { spoolStatus } from './status.ts';
import { append, applyAll, badDisk, failNext } from './testing.ts';

const disk = badDisk();
let logs = 0;

/** A log of its own, on what the one before it left when `directory` is given. */
async function openLog(directory = join(disk().directory, `log-${logs++}`), segmentBytes?: number) {
  const found: Buffer[] = [];
  const damage: (Damage | null)[] = [];
  const log = await SegmentLog.open(
    {
      ...{ directory, prefix: 'log', clock: disk().clock, onSurveyed: (survey) => void damage.push(survey.damage) },
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
    },
    (payload) => void found.push(payload),
  );
  return { log, found, damage, directory };
}

test('a small file takes one block; a larger one grows seldom, by no more than it holds, and never past its limit', async () => {
  const spool = await disk().openSpool();
  await append(spool, 1);
  const { path } = await disk().file();
  expect(statSync(path).size).toBe(4096);
  const lengths = new Set<number>();
  for (let batch = 2; batch < 300; batch++) {
    await append(spool, batch, Buffer.alloc(3000, 1));
    const [size, content] = [statSync(path).size, await disk().contentLength()];
    expect(size).toBeLessThan(2 * content + 4096);
    lengths.add(size);
  }
  // 900 kB: doubled up to 128 kB of room, then by those.
  expect(lengths.size).toBeLessThan(20);
  const { log, directory } = await openLog(undefined, 10_000);
  for (let i = 0; i < 9; i++) await log.append(Buffer.alloc(1500, 1));
  await log.close();
  expect(statSync(join(directory, readdirSync(directory).sort()[0]!)).size).toBe(8 + 7 * 1512);
});

test.each([
  ['damage', 'a torn write', 0x5a],
  ['nothing', 'nothing', 0],
])('the next process finds %s behind the content when there is %s', async (_found, _what, byte) => {
  const spool = await disk().openSpool();
  const length = await disk().six(spool);
  const { path } = await disk().file();
  const end = await disk().contentLength();
  expect(
    readFileSync(path)
      .subarray(end)
      .every((one) => one === 0),
  ).toBe(true);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(70, byte), 0, null, end);
  closeSync(file);
  expect((await spoolStatus(disk().directory)).unreadableBytes).toBe(byte === 0 ? 0 : 70);
  const next = await disk().nextProcess();
  expect(next.bytes).toBe(6 * length);
  expect(await applyAll(next)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(disk().damage.map(({ stretches }) => stretches)).toEqual(byte === 0 ? [] : [[[end, end + 70]]]);
});

test.each(['ENOSPC', 'EDQUOT', 'EFBIG'])(
  '%s: what there is no room for besides the content is not asked for again',
  async (code) => {
    const spool = await disk().openSpool();
    // The file's head and room; its head. What comes later does not try.
    await failNext('write', code, null);
    for (let batch = 1; batch <= 3; batch++) await append(spool, batch, Buffer.alloc(5000, 1));
    const { path } = await disk().file();
    expect(statSync(path).size).toBe(await disk().contentLength());
    expect(spool.trouble).toBeNull();
    expect(await applyAll(await disk().nextProcess())).toEqual([1, 2, 3]);
    expect(disk().damage).toEqual([]);
  },
);

test.each<[string, (content: number) => number]>([
  ['all of it', () => 8],
  ['from within a batch', () => 100_000],
  ['more than room may be', (content) => content - (200 << 10)],
])('zeros at the end that no room can be are damage: %s', async (_what, from) => {
  const spool = await disk().openSpool();
  for (let batch = 1; batch <= 100; batch++) await append(spool, batch, Buffer.alloc(5000, 1));
  const content = await disk().contentLength();
  const { path } = await disk().file();
  const bytes = readFileSync(path).fill(0, from(content));
  writeFileSync(path, bytes);
  const unreadable = (await spoolStatus(disk().directory)).unreadableBytes;
  await disk().nextProcess();
  expect(disk().damage).toMatchObject([{ cause: 'damaged', bytes: unreadable }]);
  const [[start, end]] = disk().damage[0]!.stretches as [readonly [number, number]];
  expect([start <= from(content), from(content) - start < 5200, end]).toEqual([true, true, bytes.length]);
});

test('a file that has no room, being as long as one may be, has none: zeros at its end are damage', async () => {
  const first = await openLog(undefined, 10_000);
  for (let i = 0; i < 12; i++) await first.log.append(Buffer.alloc(1000, 1));
  await first.log.close();
  const path = join(first.directory, readdirSync(first.directory).sort()[0]!);
  const bytes = readFileSync(path);
  expect(bytes.length).toBe(8 + 10 * 1012);
  writeFileSync(path, bytes.fill(0, 8 + 5 * 1012));
  const second = await openLog(first.directory, 10_000);
  expect([second.found.length, second.damage.map((one) => one!.stretches)]).toEqual([7, [[[5068, 10_128]]]]);
  await second.log.close();
});

test('any payloads come back, also those that end in zeros, whatever room is behind them', async () => {
  const payload = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    fc.integer({ min: 1, max: 9000 }).map((length) => new Uint8Array(length)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(payload, { maxLength: 8 }),
      fc.constantFrom(100, 10_000, undefined),
      async (all, segmentBytes) => {
        const first = await openLog(undefined, segmentBytes);
        for (const one of all) await first.log.append(Buffer.from(one));
        await first.log.close();
        const second = await openLog(first.directory, segmentBytes);
        expect([second.found.map((one) => [...one]), second.damage]).toEqual([all.map((one) => [...one]), []]);
        await second.log.close();
      },
    ),
    { numRuns: 60 },
  );
});
