/** Files of other releases. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { countedPing, makePing } from '../testing.ts';
import { MAGIC, stretches } from './frames.ts';
import { spoolStatus } from './status.ts';
import type { Stretch } from './stretch.ts';
import { append, applyAll, badDisk } from './testing.ts';

const disk = badDisk();

/** A name of the former format. */
const unseeded = (path: string) => path.replace(/-[0-9a-f]{16}\./, '.');

/** A file in the former format. */
function formerly(payloads: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from('OVSPOOL1')];
  for (const payload of payloads) {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(payload.length, 0);
    header.writeUInt32LE(crc32(payload), 4);
    parts.push(header, payload);
  }
  return Buffer.concat(parts);
}

/** Writes a segment of this format anew in the former one. */
async function asFormerly(prefix: string, change = (bytes: Buffer) => bytes): Promise<Buffer> {
  const { path, seed } = await disk().file(prefix);
  const all = [...stretches(readFileSync(path).subarray(MAGIC.length), seed, MAGIC.length)];
  const bytes = formerly(all.flatMap(({ payload }) => payload ?? []));
  rmSync(path);
  writeFileSync(unseeded(path), change(bytes));
  return bytes;
}

describe('the former format', () => {
  test.each<[string, (bytes: Buffer) => Buffer, number[], damages: number]>([
    ['whole', (bytes) => bytes, [1, 2, 3, 4, 5, 6], 0],
    ['with a torn end', (bytes) => Buffer.concat([bytes, Buffer.from('half a frame')]), [1, 2, 3, 4, 5, 6], 1],
    ['with zeros at its end', (bytes) => bytes.fill(0, bytes.length - (bytes.length - 8) / 6), [1, 2, 3, 4, 5], 1],
    ['with other bytes in its middle', (bytes) => bytes.fill(1, bytes.length / 2, bytes.length / 2 + 30), [1, 2], 1],
  ])('a spool, %s: is applied', async (_what, change, left, damages) => {
    await disk().six(await disk().openSpool());
    disk().kill();
    await asFormerly('spool', change);
    expect((await spoolStatus(disk().directory)).pings).toBe(10 * left.length);
    const spool = await disk().openSpool();
    expect([spool.pings, spool.oldest()]).toEqual([10 * left.length, 1001]);
    await append(spool, 7);
    expect(await applyAll(spool)).toEqual([...left, 7]);
    expect(spool).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect([disk().damage.length, disk().kept().length]).toEqual([damages, damages]);
  });

  test('what is applied of it is not applied again, nor told', async () => {
    await disk().six(await disk().openSpool());
    disk().kill();
    const bytes = await asFormerly('spool');
    const from = 8 + (bytes.length - 8) / 3;
    writeFileSync(join(disk().directory, 'applied.json'), JSON.stringify({ segment: 1, offset: from }));
    expect((await spoolStatus(disk().directory)).pings).toBe(40);
    expect(await applyAll(await disk().openSpool())).toEqual([3, 4, 5, 6]);
    disk().kill();
    writeFileSync(join(disk().directory, 'spool-0000000001.seg'), bytes);
    writeFileSync(join(disk().directory, 'spool-0000000001-0123456789abcdef.seg'), 'OVSPOOL3 by who knows it');
    writeFileSync(join(disk().directory, 'applied.json'), JSON.stringify({ segment: 2, offset: 8 }));
    const spool = await disk().openSpool();
    expect([spool.empty, disk().damage]).toEqual([true, []]);
    expect(readdirSync(disk().directory).filter((name) => name.startsWith('spool-'))).toEqual([]);
  });

  test('coalesced pings', async () => {
    const { journal } = await disk().open();
    let settled = 0;
    for (const at of [1000, 1001]) journal.add(countedPing(7, makePing(7, at), () => settled++));
    await expect
      .poll(() =>
        disk()
          .clock.advance(2)
          .then(() => settled),
      )
      .toBe(2);
    disk().kill();
    await asFormerly('throttle');
    const { unclaimed } = await disk().open();
    expect(unclaimed.map(({ checkId, pings }) => [checkId, pings.map(({ at }) => at)])).toEqual([[7, [1000, 1001]]]);
    expect(disk().damage).toEqual([]);
  });
});

describe('a file of another release', () => {
  test.each<[string, (path: string) => void]>([
    ['newer', (path) => writeFileSync(path, 'OVSPOOL3 and what nobody knows yet')],
    ['older', (path) => writeFileSync(unseeded(path), 'OVSPOOL0 and so on')],
  ])('%s: told, left for it, and pings are taken', async (_what, write) => {
    write((await beside()).path);
    const names = readdirSync(disk().directory).filter((name) => name.endsWith('.seg'));
    const spool = await disk().openSpool();
    expect(disk().damage).toMatchObject([{ cause: 'another release', keptAs: join(disk().directory, names[0]!) }]);
    await append(spool, 1);
    expect(await applyAll(spool)).toEqual([1]);
    await disk().opened.pop()!.close();
    const again = await disk().nextProcess();
    expect(await applyAll(again)).toEqual([]);
    expect(readdirSync(disk().directory)).toContain(names[0]);
    // That release still takes it for something to apply.
    expect(readdirSync(disk().directory)).not.toContain('applied.json');
  });

  test('a batch of another release in a file of this one is as good as damaged', async () => {
    const spool = await disk().openSpool();
    await append(spool, 1);
    await disk().addFrame(Buffer.from([77, 1, 2, 3]));
    const next = await disk().nextProcess();
    expect(disk().damage).toHaveLength(1);
    expect(await applyAll(next)).toEqual([1]);
  });

  test('a batch whose head is understood, and not its pings: those behind it are not kept waiting', async () => {
    const spool = await disk().openSpool();
    await append(spool, 1);
    const { path, seed } = await disk().file();
    const [{ payload }] = [...stretches(readFileSync(path).subarray(MAGIC.length), seed, MAGIC.length)] as [Stretch];
    await disk().addFrame(payload!.subarray(0, -50));
    const next = await disk().nextProcess();
    await append(next, 3);
    expect(next.pings).toBe(30);
    expect(await applyAll(next)).toEqual([1, 3]);
    expect(next).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect(disk().damage).toMatchObject([{ cause: 'damaged', pings: 10 }]);
    expect(disk().kept()).toHaveLength(1);
  });

  /** Where a segment would be. */
  async function beside() {
    const spool = await disk().openSpool();
    await append(spool, 1);
    const file = await disk().file();
    await applyAll(spool);
    await disk().opened.pop()!.close();
    rmSync(join(disk().directory, 'applied.json'));
    return file;
  }
});
