/** Files that lose or change what was written: the rest is applied in order, what is lost is told. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frames, HEADER_BYTES, MAGIC, type Seed, stretches } from './frames.ts';
import { listSegments } from './segment-file.ts';
import { SPOOL_PREFIX } from './spool.ts';
import { spoolStatus } from './status.ts';
import { ALL, append, applyAll, badDisk, countBytesRead, onRename } from './testing.ts';

const disk = badDisk();

type Change = (bytes: Buffer, start: (batch: number) => number) => Buffer | undefined;
const flip =
  (batch: number, at: number): Change =>
  (bytes, start) => {
    bytes[start(batch) + at]! ^= 0x10;
    return bytes;
  };
const zeros =
  (from: number, to: number): Change =>
  (bytes, start) =>
    bytes.fill(0, start(from), start(to));

/** `told`: what the next process finds of these stretches, when that is not all of them. */
const DAMAGES: [string, Change, number[], stretches: number, told?: number][] = [
  ['a bit of a payload', flip(3, 50), [1, 2, 4, 5, 6], 1],
  ['a bit of a length', flip(3, 1), [1, 2, 4, 5, 6], 1],
  ['a bit of the check of a length', flip(3, 5), [1, 2, 4, 5, 6], 1],
  ['a bit of a checksum', flip(3, 9), [1, 2, 4, 5, 6], 1],
  ['two places', (...a) => flip(5, 40)(flip(2, 2)(...a)!, a[1]), [1, 3, 4, 6], 2],
  ['two neighbours', (...a) => flip(4, 40)(flip(3, 2)(...a)!, a[1]), [1, 2, 5, 6], 1],
  ['the first', flip(1, 30), [2, 3, 4, 5, 6], 1],
  ['the last', flip(6, 30), [1, 2, 3, 4, 5], 1],
  ['the head of the file', (bytes) => bytes.fill(0, 0, MAGIC.length), [1, 2, 3, 4, 5, 6], 0],
  ['the head of the file, and the first', (bytes) => bytes.fill(0, 0, 60), [2, 3, 4, 5, 6], 1],
  ['the version of the file', (bytes) => bytes.fill(0x33, MAGIC.length - 1, MAGIC.length), [1, 2, 3, 4, 5, 6], 0],
  ['a sector of zeros', (bytes, start) => bytes.fill(0, start(3) + 20, start(5) + 20), [1, 2, 6], 1],
  // Or the room that is made ahead: the next process cannot know.
  ['a tail of zeros', zeros(5, 7), [1, 2, 3, 4], 1, 0],
  ['cut off in a frame', (bytes, start) => bytes.subarray(0, start(5) + 20), [1, 2, 3, 4], 1],
  ['an older block at its place', (bytes, start) => bytes.copyWithin(start(4), start(2), start(3)), [1, 2, 3, 5, 6], 1],
  ['empty', () => Buffer.alloc(0), [], 1],
  ['all zeros', (bytes) => bytes.fill(0), [], 1],
];

describe.each(DAMAGES)('a file that has changed: %s', (_what, change, left, stretches, told = stretches) => {
  const lost = 60 - 10 * left.length;
  const damageIt = async (length: number) => {
    const { path } = await disk().file();
    writeFileSync(path, change(readFileSync(path), (batch) => MAGIC.length + (batch - 1) * length)!);
  };

  test('while it is in use', async () => {
    const spool = await disk().openSpool();
    await damageIt(await disk().six(spool));
    const { path } = await disk().file();
    // What comes later is not lost with it.
    const more = append(spool, 7);
    const applied = await applyAll(spool);
    await more;
    expect([...applied, ...(await applyAll(spool))]).toEqual([...left, 7]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect(disk().damage).toHaveLength(Math.min(stretches, 1));
    if (stretches > 0) {
      expect(disk().damage[0]).toMatchObject({ file: path, cause: 'damaged', keptAs: `${path}.damaged`, pings: lost });
      expect(disk().damage[0]!.stretches).toHaveLength(stretches);
    }
    expect((await listSegments(disk().directory, SPOOL_PREFIX)).length).toBe(0);
    expect((await spoolStatus(disk().directory)).damagedFiles).toEqual(
      disk()
        .kept()
        .map((name) => join(disk().directory, name)),
    );
    expect(disk().kept()).toHaveLength(Math.min(stretches, 1));
  });

  test('found by the next process', async () => {
    await damageIt(await disk().six(await disk().openSpool()));
    const isEmpty = readFileSync((await disk().file()).path).length === 0;
    const found = await spoolStatus(disk().directory);
    expect(found.pings).toBe(60 - lost);
    const spool = await disk().nextProcess();
    expect(disk().damage.flatMap((one) => one.stretches)).toHaveLength(isEmpty ? 0 : told);
    expect(disk().damage.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(found.unreadableBytes);
    expect(spool.pings).toBe(60 - lost);
    await append(spool, 7);
    expect(await applyAll(spool)).toEqual([...left, 7]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect(disk().kept()).toHaveLength(isEmpty ? 0 : Math.min(told, 1));
    // Told once more by nobody.
    disk().damage = [];
    expect(await applyAll(await disk().nextProcess())).toEqual([]);
    expect(disk().damage).toEqual([]);
  });
});

test('damage that was applied around is not told again while the rest of its file waits', async () => {
  const spool = await disk().openSpool();
  const length = await disk().six(spool);
  const { path } = await disk().file();
  writeFileSync(path, flip(3, 50)(readFileSync(path), (batch) => MAGIC.length + (batch - 1) * length)!);
  for (let i = 0; i < 3; i++) expect((await spool.next(ALL)).map((r) => r.content.batch)).toEqual([1, 2, 4, 5, 6]);
  await spool.applied((await spool.next(ALL)).slice(0, 2));
  for (let i = 0; i < 3; i++) expect((await spool.next(ALL)).map((r) => r.content.batch)).toEqual([4, 5, 6]);
  expect(disk().damage).toHaveLength(1);
});

test('what a client sends is never taken for a batch, however much it looks like one', async () => {
  const spool = await disk().openSpool();
  await append(spool, 1);
  const { path, seed } = await disk().file();
  const at = readFileSync(path).length;
  const inner = readFileSync(path).subarray(MAGIC.length);
  // A copy of a real frame; and one that somebody made, at its place, who knows everything but the seed.
  const place = at + 316;
  const forged = Buffer.concat([inner, frames([inner.subarray(12)], [1, 2], place), inner]);
  await append(spool, 2, forged);
  await append(spool, 3);
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
  const found = (by: Seed) => [...stretches(bytes.subarray(place, place + inner.length), by, place)];
  expect([found([1, 2])[0]!.payload, found(seed!)[0]!.payload]).toEqual([inner.subarray(12), null]);
  expect(await applyAll(spool)).toEqual([1, 3]);
});

test('what lies behind damage is read once, and not once for each damaged place', async () => {
  const spool = await disk().openSpool();
  const length = await disk().six(spool);
  const { path } = await disk().file();
  const change: Change = (...a) => flip(5, 40)(flip(2, 2)(...a)!, a[1]);
  writeFileSync(path, change(readFileSync(path), (batch) => MAGIC.length + (batch - 1) * length)!);
  await spool.next(ALL);
  const bytesRead = await countBytesRead();
  expect((await spool.next(ALL)).map(({ content }) => content.batch)).toEqual([1, 3, 4, 6]);
  expect(bytesRead()).toBe(4 * length + 3 * HEADER_BYTES);
});

test('a file that is kept has its other name before the spool says that it is applied', async () => {
  const spool = await disk().openSpool();
  const length = await disk().six(spool);
  const { path } = await disk().file();
  writeFileSync(path, flip(3, 50)(readFileSync(path), (batch) => MAGIC.length + (batch - 1) * length)!);
  const renamed: string[] = [];
  onRename((to) => renamed.push(basename(to)));
  await applyAll(spool);
  expect(renamed).toEqual([`${basename(path)}.damaged`, 'applied.json']);
});

test('any bytes changed anywhere: what is whole comes back in order, and nothing else', () => {
  const seed: Seed = [0xdeadbeef, 0x12345678];
  const payload = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const change = fc.record({
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 30 }),
    by: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 12 }), fc.array(change, { maxLength: 4 }), (payloads, changes) => {
      const good = frames(payloads, seed, 8);
      const bad = Buffer.from(good);
      for (const { at, length, by } of changes) {
        const from = bad.length === 0 ? 0 : at % bad.length;
        bad.fill(by, from, Math.min(from + length, bad.length));
      }
      const expected: Buffer[] = [];
      let at = 0;
      for (const one of payloads) {
        const end = at + 12 + one.length;
        if (good.subarray(at, end).equals(bad.subarray(at, end))) expected.push(one);
        at = end;
      }
      const found = [...stretches(bad, seed, 8)];
      expect(found.flatMap((one) => (one.payload ? [one.payload] : []))).toEqual(expected);
      // Without gaps.
      expect([8, ...found.map((one) => one.to)]).toEqual([...found.map((one) => one.from), 8 + bad.length]);
    }),
  );
});
