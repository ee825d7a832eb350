import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { connect } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CheckCache } from './check-cache.ts';
import type { BatchNumber } from './lanes.ts';
import type { Outcome, Ping } from './ping.ts';
import { Replay } from './replay.ts';
import { openSpoolDirectory, type SpoolDirectory } from './spool/directory.ts';
import { MAGIC } from './spool/frames.ts';
import type { Damage } from './spool/segment.ts';
import { SpoolFullError, type SpoolRecord } from './spool/spool.ts';
import type { Claim } from './submission.ts';
import { countedPing, makePing } from './testing.ts';
import { latePings } from './throttle.ts';
import { PingWriter } from './writer.ts';

/*
 * What is answered and not in the database, brought in: real spool files, a real PostgreSQL. Every ping has a text of its
 * own, and each must be found exactly once.
 */

let database: TestDatabase;
/** Nobody listens there. */
let nowhere: TestDatabase['target'];
let checkId: number;
let directory: string;
let away: boolean;
let full: boolean;
/** Of a process that is gone. */
let lane: string;
const opened: Ingester[] = [];
const directories: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  nowhere = { ...database.target, hosts: [{ host: '127.0.0.1', port: 1 }] };
});
afterAll(() => database.drop());
beforeEach(async () => {
  const [user] =
    await database.sql`insert into users (username, email) values (${randomUUID()}, ${`${randomUUID()}@example.org`}) returning id`;
  const [project] = await database.sql`
    insert into projects (name, owner_id, badge_key, ping_log_limit) values ('p', ${user!.id}, ${randomUUID()}, 100000)
    returning id`;
  const [check] = await database.sql<{ id: number }[]>`
    insert into checks (project_id) values (${project!.id}) returning id`;
  checkId = check!.id;
  directory = mkdtempSync(join(tmpdir(), 'overdue-replay-'));
  directories.push(directory);
  [away, full] = [false, false];
  lane = randomUUID();
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  for (const one of directories.splice(0)) rmSync(one, { recursive: true, force: true });
});

interface Ingester extends SpoolDirectory {
  readonly writer: PingWriter;
  readonly replay: Replay;
  readonly stalls: unknown[];
  readonly damage: Damage[];
  /** Batches that went to PostgreSQL, however many of ours each held. */
  transactions(): number;
}

/** What an ingester has behind its throttle, on the directory that the one before it left. */
async function start(): Promise<Ingester> {
  const damage: Damage[] = [];
  const found = await openSpoolDirectory({
    directory,
    maxBytes: 64 << 20,
    clock: systemClock,
    patienceMs: 120_000,
    onDamage: (one) => damage.push(one),
  });
  const { spool } = found;
  const append = spool.append.bind(spool);
  spool.append = (number, pings) => (full ? Promise.reject(new SpoolFullError('full')) : append(number, pings));
  const stalls: unknown[] = [];
  let transactions = 0;
  const open = () =>
    connect({ target: away ? nowhere : database.target, applicationName: 'test', max: 1, connectTimeout: 30_000 });
  const nothing = () => {};
  const unexpected = (_: unknown, error: unknown) => {
    throw error;
  };
  const common = { clock: systemClock, open, timeoutMs: 20_000 };
  const writer: PingWriter = new PingWriter({
    ...common,
    lanes: [randomUUID()],
    overflow: spool,
    events: {
      committed: nothing,
      spooled: nothing,
      refused: nothing,
      away: nothing,
      back: nothing,
      stranded: (batch) => replay.strand(batch),
      poison: unexpected,
      problem: nothing,
    },
  });
  const never = () => Promise.reject(new Error('Nothing is to be looked up'));
  const replay: Replay = new Replay({
    ...common,
    spool,
    writer,
    cache: new CheckCache({ clock: systemClock, loaders: { byCode: never, bySlug: never } }),
    provisioner: null,
    stranded: found.stranded,
    events: {
      applied: () => transactions++,
      waits: nothing,
      replayed: nothing,
      dropped: nothing,
      poison: unexpected,
      stalled: (error) => stalls.push(error),
      problem: nothing,
    },
  });
  const close = async () => {
    await replay.stop();
    await writer.close();
    await found.close();
  };
  const ingester = { ...found, writer, replay, stalls, damage, transactions: () => transactions, close };
  opened.push(ingester);
  return ingester;
}

/** What is left on the disk is what kill -9 would leave: nothing is let go at a stop. */
async function restart(): Promise<Ingester> {
  for (const one of opened.splice(0)) await one.close();
  return start();
}

let received = 0;
const ping = (ua: string) => makePing(checkId, Date.UTC(2026, 10, 21) + ++received, { ua });

const submit = (one: Ingester, ua: string): Promise<Outcome> =>
  new Promise((settle) => one.writer.submit({ ping: ping(ua), settle }));

/** Pings that are answered, and on disk in the journal. */
async function coalesce(one: Ingester, ...uas: string[]): Promise<{ claim: Claim; pings: Ping[] }> {
  const pings = uas.map(ping);
  const settled = pings.map((each) => new Promise((settle) => one.journal.add(countedPing(checkId, each, settle))));
  expect(new Set(await Promise.all(settled))).toEqual(new Set(['recorded']));
  return { claim: one.journal.claim(checkId), pings: latePings(checkId, pings, 0) };
}

/** A window ends whose pings neither the database nor the spool takes. */
async function strand(one: Ingester, ...uas: string[]): Promise<void> {
  const { claim: bare, pings } = await coalesce(one, ...uas);
  const claim = { ...bare, answered: () => pings };
  full = true;
  await Promise.all(pings.map((each) => new Promise((settle) => one.writer.submit({ ping: each, claim, settle }))));
  full = false;
  expect(one.replay.oldestStranded()).not.toBeNull();
}

async function live(one: Ingester): Promise<void> {
  await expect.poll(() => one.writer.mode).toBe('live');
  expect(one.spool).toMatchObject({ empty: true, pings: 0, bytes: 0 });
  expect(one.replay.oldestStranded()).toBeNull();
}

async function stored(): Promise<string[]> {
  const rows = await database.sql<{ ua: string }[]>`select ua from pings where check_id = ${checkId} order by n`;
  return rows.map(({ ua }) => ua);
}

describe('batches of a lane are applied by their numbers', () => {
  test('killed between a claim and its batch, with older batches in the spool', async () => {
    const before = await start();
    const number = (batch: number) => ({ lane, batch });
    for (const batch of [41, 42, 43, 44]) await before.spool.append(number(batch), [ping(`batch ${batch}`)]);
    const { claim } = await coalesce(before, 'claimed');
    await claim.bind(number(45));

    const one = await restart();
    expect(one.stranded.map((batch) => batch.number)).toEqual([number(45)]);
    one.replay.start();
    await live(one);
    expect(await stored()).toEqual(['batch 41', 'batch 42', 'batch 43', 'batch 44', 'claimed']);
  });

  test('killed twice, with stranded batches before, between and after those in the spool, of two lanes', async () => {
    const before = await start();
    const other = randomUUID();
    const claimed = async (lane: string, batch: number, ua: string) => {
      const { claim } = await coalesce(before, ua);
      await claim.bind({ lane, batch });
    };
    await claimed(lane, 4, 'a4');
    await before.spool.append({ lane, batch: 3 }, [ping('a3')]);
    await claimed(other, 9, 'b9');
    await before.spool.append({ lane: other, batch: 8 }, [ping('b8')]);
    await before.spool.append({ lane, batch: 5 }, [ping('a5')]);
    await claimed(lane, 2, 'a2');
    await claimed(lane, 6, 'a6');
    const one = await restart();
    one.replay.start();
    await live(one);
    expect(await stored()).toEqual(['a2', 'a3', 'b8', 'a4', 'a5', 'b9', 'a6']);
  });

  test('the spool is full when a claim is to go there', async () => {
    const one = await start();
    one.replay.start();
    away = true;
    for (const ua of ['1', '2', '3', '4']) expect(await submit(one, ua)).toBe('recorded');
    await strand(one, '5a', '5b');
    expect(await submit(one, '6')).toBe('recorded');
    expect(one.spool.pings).toBe(5);
    away = false;
    await live(one);
    expect(await stored()).toEqual(['1', '2', '3', '4', '5a', '5b', '6']);
  });

  test('one is stranded while the spool is being read, and the read has the batch after it', async () => {
    const one = await start();
    one.writer.goAway(null);
    expect(await submit(one, '1')).toBe('recorded');
    duringNextRead(one, async (read) => {
      await strand(one, '2');
      expect(await submit(one, '3')).toBe('recorded');
      return read();
    });
    one.replay.start();
    await live(one);
    expect(await stored()).toEqual(['1', '2', '3']);
  });

  test('one is stranded while the spool is being read, and the batch before it came too late for the read', async () => {
    const one = await start();
    duringNextRead(one, async (read) => {
      const records = await read();
      expect(records).toEqual([]);
      expect(await submit(one, '1')).toBe('recorded');
      await strand(one, '2');
      return records;
    });
    one.writer.goAway(null);
    one.replay.start();
    await live(one);
    expect(await stored()).toEqual(['1', '2']);
  });
});

/** Once, when the replay reads the spool. */
function duringNextRead(
  { spool }: Ingester,
  what: (read: () => Promise<SpoolRecord[]>) => Promise<SpoolRecord[]>,
): void {
  const next = spool.next.bind(spool);
  spool.next = (maxBytes) => {
    spool.next = next;
    return what(() => next(maxBytes));
  };
}

describe('claims that an earlier process left', () => {
  const CLAIMS = 300;
  beforeEach(async () => {
    const before = await start();
    const claims: { claim: Claim; number: BatchNumber }[] = [];
    for (let batch = 1; batch <= CLAIMS; batch++) {
      const { claim } = await coalesce(before, `claim ${batch}`);
      claims.push({ claim, number: { lane, batch } });
    }
    await Promise.all(claims.map(({ claim, number }) => claim.bind(number)));
  });

  test('those whose batches had committed are let go at once', async () => {
    await database.sql`insert into ingest_lanes (lane, batch) values (${lane}, ${CLAIMS - 2})`;
    const one = await restart();
    expect(one.stranded).toHaveLength(CLAIMS);
    one.replay.start();
    await live(one);
    expect(await stored()).toEqual([`claim ${CLAIMS - 1}`, `claim ${CLAIMS}`]);
    expect(one.transactions()).toBe(1);
  });

  test('many go in one transaction', async () => {
    const one = await restart();
    one.replay.start();
    await live(one);
    expect(await stored()).toEqual(Array.from({ length: CLAIMS }, (_, i) => `claim ${i + 1}`));
    expect(one.transactions()).toBe(1);
  });
});

test('what the disk has lost is given up and told; everything else is applied', async () => {
  const one = await start();
  away = true;
  const many = Array.from({ length: 1500 }, (_, i) => ping(`lost ${i}`));
  await one.spool.append({ lane, batch: 1 }, [ping('good')]);
  const from = MAGIC.length + one.spool.bytes;
  await one.spool.append({ lane, batch: 2 }, many);
  const to = MAGIC.length + one.spool.bytes;
  await one.spool.append({ lane, batch: 3 }, [ping('behind it')]);
  const path = segments()[0]!;
  const all = readFileSync(path);
  all[from + 50]! ^= 1;
  writeFileSync(path, all);
  one.writer.goAway(null);
  one.replay.start();
  away = false;
  await live(one);
  expect(one.damage).toMatchObject([{ pings: 1500, bytes: to - from, stretches: [[from, to]] }]);
  expect(await stored()).toEqual(['good', 'behind it']);
  expect(one.spool.oldest()).toBeNull();
});

test('a spool that cannot be read is told once, tried again, and loses nothing', async () => {
  const one = await start();
  let failures = 0;
  const next = one.spool.next.bind(one.spool);
  one.spool.next = (maxBytes) => {
    if (++failures > 4) return next(maxBytes);
    return Promise.reject(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }));
  };
  await one.spool.append({ lane, batch: 1 }, [ping('good')]);
  one.replay.start();
  await live(one);
  expect(one.stalls.map(String)).toEqual(['SpoolUnreadableError: The spool cannot be read: EIO: i/o error, read']);
  expect(await stored()).toEqual(['good']);
});

const segments = () =>
  readdirSync(directory)
    .filter((name) => /^spool-.*seg$/.test(name))
    .map((name) => join(directory, name));
