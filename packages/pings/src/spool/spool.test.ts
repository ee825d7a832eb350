import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Outcome, Ping } from '../ping.ts';
import { countedPing, makePing } from '../testing.ts';
import { decodeBatch, decodeHead, encodeBatch } from './codec.ts';
import { openSpoolDirectory, type SpoolDirectory } from './directory.ts';
import { SpoolLockedError } from './lock.ts';
import { keepReceived, readReceived } from './received.ts';
import type { Damage } from './segment.ts';
import { type Spool, SpoolFullError } from './spool.ts';
import { spoolStatus } from './status.ts';
import { NOTHING_THERE } from './testing.ts';

const LANE = '01234567-89ab-4def-8123-456789abcdef';

const ping = (at: number, fields: Partial<Ping> = {}) =>
  makePing(7, at, { remoteAddr: '127.0.0.1', ua: 'curl', late: 'spooled', ...fields });

let directory: string;
let damage: Damage[];
const open: SpoolDirectory[] = [];
const abandoned: SpoolDirectory[] = [];
const directories: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'overdue-spool-'));
  directories.push(directory);
  damage = [];
});
afterEach(async () => {
  for (const one of [...open.splice(0), ...abandoned.splice(0)]) await one.close();
  for (const one of directories.splice(0)) rmSync(one, { recursive: true, force: true });
});

async function openSpool(maxBytes = 1 << 20): Promise<Spool> {
  const opened = await openSpoolDirectory({ directory, maxBytes, clock: systemClock, onDamage: (d) => damage.push(d) });
  open.push(opened);
  return opened.spool;
}

/** As kill -9 leaves it: what is on disk now is found by the next process, in a copy; the first one writes no more there. */
function abandon(): void {
  const copy = mkdtempSync(join(tmpdir(), 'overdue-spool-'));
  cpSync(directory, copy, { recursive: true });
  // Of a process that is gone.
  writeFileSync(join(copy, 'lock'), '999999999 1\n');
  abandoned.push(...open.splice(0));
  directories.push(copy);
  directory = copy;
}

const segments = () => readdirSync(directory).filter((name) => name.endsWith('.seg'));

test('a batch comes back as it was', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 50 }).map((s) => s.replaceAll('\0', ''));
  const uuid = fc.uuid();
  const anyPing = fc.record({
    id: uuid,
    at: fc.integer({ min: 0, max: 4e12 }),
    kind: fc.constantFrom('success', 'start', 'fail', 'log', 'ign'),
    exitStatus: fc.option(fc.integer({ min: 0, max: 255 })),
    rid: fc.option(uuid),
    scheme: text,
    method: text,
    remoteAddr: fc.option(fc.constantFrom('1.2.3.4', '2001:db8::1')),
    ua: text,
    body: fc.option(fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes))),
    skipped: fc.nat(1e6),
    late: fc.constantFrom('spooled', 'coalesced'),
    target: fc.oneof(
      fc.record({ checkId: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), unresolved: fc.constant(null) }),
      fc.record({
        checkId: fc.constant(null),
        unresolved: fc.record({
          action: fc.constantFrom('success', 'start', 'fail', 'log'),
          create: fc.boolean(),
          address: fc.oneof(fc.record({ code: uuid }), fc.record({ pingKey: text, slug: text })),
        }),
      }),
    ),
  });
  fc.assert(
    fc.property(uuid, fc.nat(), fc.array(anyPing, { minLength: 1, maxLength: 5 }), (lane, batch, drawn) => {
      const pings = drawn.map(({ target, ...rest }) => ({ ...rest, rulesVersion: null, ...target })) as Ping[];
      const payload = encodeBatch({ lane, batch }, pings);
      expect(decodeBatch(payload)).toEqual({ lane, batch, pings });
      expect(decodeHead(payload)).toEqual({
        lane,
        batch,
        count: pings.reduce((sum, p) => sum + 1 + p.skipped, 0),
        oldest: Math.min(...pings.map((p) => p.at)),
      });
    }),
  );
});

describe('the spool', () => {
  test('gives back in order what was put in, also to the next process', async () => {
    const spool = await openSpool();
    await Promise.all([1, 2, 3].map((n) => spool.append({ lane: LANE, batch: n }, [ping(n * 10, { skipped: n })])));
    expect(spool).toMatchObject({ pings: 9, empty: false });
    expect(spool.oldest()).toBe(10);
    abandon();

    const next = await openSpool();
    expect(next.pings).toBe(9);
    expect((await next.next(1)).map((r) => r.content.batch)).toEqual([1]);
    const records = await next.next(1 << 20);
    expect(records.map((r) => [r.content.batch, r.content.pings[0]!.at])).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
    await next.applied(records.slice(0, 2));
    expect((await next.next(1 << 20)).map((r) => r.content.batch)).toEqual([3]);
    await next.applied(records.slice(2));
    expect(next).toMatchObject({ pings: 0, bytes: 0, empty: true });
    expect(next.oldest()).toBeNull();
    expect(segments()).toEqual([]);
  });

  test('what is applied is not given again, and new segments are not taken for applied ones', async () => {
    const spool = await openSpool();
    await spool.append({ lane: LANE, batch: 1 }, [ping(1)]);
    await spool.applied(await spool.next(1 << 20));
    abandon();
    const next = await openSpool();
    await next.append({ lane: LANE, batch: 2 }, [ping(2)]);
    abandon();
    const third = await openSpool();
    expect((await third.next(1 << 20)).map((r) => r.content.batch)).toEqual([2]);
    expect(await spoolStatus(directory)).toMatchObject({ pings: 1, oldest: 2, unreadableBytes: 0 });
  });

  test('is bounded', async () => {
    const spool = await openSpool(1000);
    await spool.append({ lane: LANE, batch: 1 }, [ping(1, { body: Buffer.alloc(700) })]);
    await expect(spool.append({ lane: LANE, batch: 2 }, [ping(2, { body: Buffer.alloc(700) })])).rejects.toThrow(
      SpoolFullError,
    );
    expect(spool.trouble).toBe('is full');
    await spool.applied(await spool.next(1 << 20));
    expect(spool.trouble).toBeNull();
    await spool.append({ lane: LANE, batch: 3 }, [ping(3, { body: Buffer.alloc(700) })]);
    expect(spool.pings).toBe(1);
  });

  test('belongs to one process', async () => {
    await openSpool();
    await expect(openSpool()).rejects.toThrow(SpoolLockedError);
    // Of a process that lives, but is not this one.
    await open.pop()!.close();
    const start = readFileSync(`/proc/${process.ppid}/stat`, 'latin1').split(') ')[1]!.split(' ')[19];
    writeFileSync(join(directory, 'lock'), `${process.ppid} ${start}\n`);
    await expect(openSpool()).rejects.toThrow(`belongs to process ${process.ppid}`);
    // The id is used anew.
    writeFileSync(join(directory, 'lock'), `${process.ppid} 1\n`);
    await openSpool();
  });

  test('a directory that is not there is an empty spool', async () => {
    expect(await spoolStatus(join(directory, 'nowhere'))).toEqual(NOTHING_THERE);
  });
});

describe('the journal of coalesced pings', () => {
  const settled: string[] = [];
  const add = (d: SpoolDirectory, checkId: number, at: number) =>
    new Promise<void>((resolve) => {
      const settle = (outcome: Outcome) => {
        settled.push(outcome);
        resolve();
      };
      d.journal.add(countedPing(checkId, ping(at, { checkId, ua: `ua ${at % 3}` }), settle));
    });

  test('what was answered and not claimed comes back, newest pings and count', async () => {
    await openSpool();
    const d = open[0]!;
    await Promise.all(Array.from({ length: 300 }, (_, i) => add(d, 1, i)));
    await add(d, 2, 1000);
    expect(new Set(settled)).toEqual(new Set(['recorded']));
    abandon();
    await openSpool();
    const { unclaimed, stranded } = open[0]!;
    expect(stranded).toEqual([]);
    const of = (id: number) => unclaimed.find((g) => g.checkId === id)!;
    expect(of(1).skipped + of(1).pings.length).toBe(300);
    expect(of(1).pings.at(-1)).toEqual({ at: 299, scheme: 'http', method: 'GET', remoteAddr: '127.0.0.1', ua: 'ua 2' });
    expect(of(2).pings.map((p) => p.at)).toEqual([1000]);
  });

  test('what was claimed comes back under its number, what came after it is unclaimed', async () => {
    await openSpool();
    const d = open[0]!;
    await add(d, 1, 1);
    await add(d, 1, 2);
    const claim = d.journal.claim(1);
    const later = add(d, 1, 3);
    await claim.bind({ lane: LANE, batch: 5 });
    await later;
    abandon();
    await openSpool();
    const { unclaimed, stranded } = open[0]!;
    expect(stranded.map((s) => [s.number, s.pings.map((p) => p.at)])).toEqual([[{ lane: LANE, batch: 5 }, [1, 2]]]);
    expect(unclaimed.map((g) => g.pings.map((p) => p.at))).toEqual([[3]]);
  });

  test('a claim whose batch is in the spool is the spool’s', async () => {
    const spool = await openSpool();
    const d = open[0]!;
    await add(d, 1, 1);
    await d.journal.claim(1).bind({ lane: LANE, batch: 5 });
    await spool.append({ lane: LANE, batch: 5 }, [ping(1, { checkId: 1 }), ping(2, { checkId: 2 })]);
    abandon();
    await openSpool();
    expect(open[0]!.stranded).toEqual([]);
    expect(open[0]!.unclaimed).toEqual([]);
    expect(open[0]!.spool.pings).toBe(2);
  });

  test('a claim that is bound anew counts under its last number', async () => {
    await openSpool();
    const d = open[0]!;
    await add(d, 1, 1);
    const claim = d.journal.claim(1);
    await claim.bind({ lane: LANE, batch: 5 });
    await claim.bind({ lane: LANE, batch: 6 });
    abandon();
    await openSpool();
    expect(open[0]!.stranded.map((s) => s.number.batch)).toEqual([6]);
  });

  test('nothing is left on disk when all is done', async () => {
    await openSpool();
    const d = open[0]!;
    await add(d, 1, 1);
    const claim = d.journal.claim(1);
    await claim.bind({ lane: LANE, batch: 1 });
    claim.done();
    await d.recovered();
    expect(segments()).toEqual([]);
  });
});

test('stretches of receiving: kept, replaced, let go; nonsense and a missing directory are nothing', () => {
  expect(readReceived(directory)).toEqual([]);
  const stretches = [
    { from: 1, until: 2 },
    { from: 5, until: 9 },
  ];
  keepReceived(directory, stretches.slice(1));
  keepReceived(directory, stretches);
  expect(readReceived(directory)).toEqual(stretches);
  for (const nonsense of ['', '[', 'null', '{}', '[1]', '[null]', '[{"from":1}]', '[{"from":"1","until":2}]']) {
    writeFileSync(join(directory, 'received.json'), nonsense);
    expect(readReceived(directory)).toEqual([]);
  }
  keepReceived(directory, []);
  keepReceived(directory, []);
  expect(readdirSync(directory)).toEqual([]);
  keepReceived(join(directory, 'nowhere'), stretches);
  expect(readReceived(join(directory, 'nowhere'))).toEqual([]);
});
