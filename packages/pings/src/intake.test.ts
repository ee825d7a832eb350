/** Pings that meet an edit which nobody has told us of: see Ping.rulesVersion. There is no listener here. */
import { randomUUID } from 'node:crypto';
import { type Clock, systemClock, VirtualClock } from '@overdue/clock';
import { connect, type ReservedSql } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applyBatch } from './apply-batch.ts';
import { CheckCache } from './check-cache.ts';
import { loadByCode, loadBySlug } from './check-loader.ts';
import type { IntakeOutcome } from './incoming.ts';
import { type Hearing, PingIntake, type PlainSuccessThrottle } from './intake.ts';
import type { PingAction, PingAddress } from './path.ts';
import type { Ping } from './ping.ts';
import { classifyHttp } from './rules.ts';
import type { CoalescedPing } from './spool/journal-records.ts';
import { makePing, makeProject, NO_EVENTS } from './testing.ts';
import { PingWriter } from './writer.ts';

const KEY = 'abcdefghijklmnopqrstuv';
const SLUG = { pingKey: KEY, slug: 'backup' };

let database: TestDatabase;
let project: number;
let writer: PingWriter;
let cache: CheckCache;
let loads: number;
let loading: 'works' | 'fails';
let spooled: (readonly Ping[])[];
let code: string;
let other: string;

beforeAll(async () => {
  database = await createTestDatabase();
  project = await makeProject(database.sql, { ping_key: KEY });
  await makeProject(database.sql);
  writer = new PingWriter({
    clock: systemClock,
    open: () => connect({ target: database.target, applicationName: 'test', max: 1 }),
    lanes: [randomUUID()],
    timeoutMs: 10_000,
    overflow: { append: async (_number, pings) => void spooled.push(pings) },
    events: NO_EVENTS,
  });
});
afterAll(async () => {
  await writer.close();
  await database.drop();
});

async function makeCheck(slug: string): Promise<string> {
  const [row] = await database.sql<{ code: string }[]>`
    insert into checks (project_id, slug) values (${project}, ${slug}) returning code`;
  return row!.code;
}

beforeEach(async () => {
  code = await makeCheck('backup');
  other = await makeCheck('other');
  loads = 0;
  loading = 'works';
  spooled = [];
  const load = <T>(load: () => Promise<T>) => {
    loads++;
    return loading === 'works' ? load() : Promise.reject(new Error('The database is away.'));
  };
  cache = new CheckCache({
    clock: systemClock,
    loaders: {
      byCode: (codes) => load(() => loadByCode(database.sql, codes)),
      bySlug: (addresses) => load(() => loadBySlug(database.sql, addresses)),
    },
  });
});
afterEach(async () => {
  await database.sql`delete from checks`;
});

const intakeOf = (
  throttle: PlainSuccessThrottle | null = null,
  hearing: Hearing | null = null,
  clock: Clock = systemClock,
) =>
  new PingIntake({
    clock,
    cache,
    writer,
    throttle,
    hearing,
    provisioner: null,
    rateLimit: null,
    timeoutMs: 10_000,
    maxPending: 1000,
    maxPendingBytes: 1_000_000,
  });

/** Resolves with how it ended. */
function send(
  intake: PingIntake,
  address: PingAddress,
  action: PingAction = 'success',
  method = 'GET',
  text = '',
): Promise<IntakeOutcome> {
  const body = text === '' ? null : Buffer.from(text);
  return new Promise((settle) =>
    intake.submit({
      ...{ address, action, method, body, settle, exitStatus: null, rid: null, create: false },
      ...{ scheme: 'http', remoteAddr: null, ua: '' },
      classify: (rules) => classifyHttp(rules, action, method, body),
    }),
  );
}

const kindsOf = async (of: string) =>
  (
    await database.sql<{ kind: string }[]>`
      select p.kind from pings p join checks c on c.id = p.check_id where c.code = ${of} order by p.n`
  ).map(({ kind }) => kind);

/** What is remembered of both checks, by both addresses, is from before what follows. */
async function remember(intake: PingIntake): Promise<void> {
  for (const address of [{ code }, SLUG, { code: other }]) expect(await send(intake, address, 'log')).toBe('recorded');
  loads = 0;
}

describe('the first ping after the answer to an edit', () => {
  const edit = (assignments: string) => () =>
    database.sql.unsafe(`update checks set ${assignments} where code = '${code}'`);
  const gone = () => database.sql`delete from checks where code = ${code}`;
  test.each<
    [what: string, change: () => PromiseLike<unknown>, by: 'code' | 'slug', text: string, ended: string, kind?: string]
  >([
    ['method filter', edit("methods = 'POST'"), 'code', '', 'recorded', 'ign'],
    ['method filter', edit("methods = 'POST'"), 'slug', '', 'recorded', 'ign'],
    ['keywords', edit("filter_http_body = true, failure_kw = 'bad'"), 'code', 'bad', 'recorded', 'fail'],
    [
      'what no keyword is in',
      edit('filter_http_body = true, filter_default_fail = true'),
      'slug',
      'x',
      'recorded',
      'fail',
    ],
    ['slug', edit("slug = 'renamed'"), 'code', '', 'recorded', 'success'],
    ['slug', edit("slug = 'renamed'"), 'slug', '', 'unknown'],
    ['project', edit('project_id = (select max(id) from projects)'), 'slug', '', 'unknown'],
    ['deleted', gone, 'code', '', 'unknown'],
    ['deleted', gone, 'slug', '', 'unknown'],
  ])('%s (%#)', async (_, change, by, text, ended, kind) => {
    const intake = intakeOf();
    await remember(intake);
    await change();
    const outcome = await send(intake, by === 'code' ? { code } : SLUG, 'success', 'GET', text);
    expect([outcome, loads]).toEqual([ended, 1]);
    expect((await kindsOf(code)).slice(2)).toEqual(kind ? [kind] : []);
    expect([intake.pending, writer.pending, writer.pendingBytes]).toEqual([0, 0, 0]);
  });

  test('a slug that leads to another check', async () => {
    const intake = intakeOf();
    await remember(intake);
    await database.sql`delete from checks where code = ${code}`;
    await database.sql`update checks set slug = 'backup' where code = ${other}`;
    expect(await send(intake, SLUG)).toBe('recorded');
    expect(await kindsOf(other)).toEqual(['log', 'success']);
  });

  test('another edit changes nothing, and is not looked up', async () => {
    const intake = intakeOf();
    await remember(intake);
    await database.sql`update checks set grace = 7200, name = 'n', tags = 't', status = 'up' where code = ${code}`;
    expect([await send(intake, SLUG), loads]).toEqual(['recorded', 0]);
  });
});

test('pings in the same batch stay in order, and each is in once', async () => {
  const intake = intakeOf();
  await remember(intake);
  await database.sql`update checks set methods = 'POST' where code = ${code}`;
  const outcomes = await Promise.all([
    send(intake, { code }, 'start', 'POST'),
    send(intake, { code: other }, 'start'),
    send(intake, { code }, 'fail', 'GET'),
    send(intake, SLUG, 'success', 'POST'),
    send(intake, { code: other }, 'fail'),
  ]);
  expect(outcomes).toEqual(Array(5).fill('recorded'));
  expect(await kindsOf(code)).toEqual(['log', 'log', 'start', 'ign', 'success']);
  expect(await kindsOf(other)).toEqual(['log', 'start', 'fail']);
});

test('when the check cannot be looked up again, the batch goes to the spool as it was judged', async () => {
  const intake = intakeOf();
  await remember(intake);
  await database.sql`update checks set methods = 'POST' where code = ${code}`;
  loading = 'fails';
  const sent = [send(intake, { code }, 'fail'), send(intake, { code: other }, 'start')];
  expect(await Promise.all(sent)).toEqual(['recorded', 'recorded']);
  expect(spooled.map((pings) => pings.map(({ kind }) => kind))).toEqual([['fail', 'start']]);
  expect(await kindsOf(code)).toEqual(['log', 'log']);
  writer.hold();
  writer.goLive();
});

test('nothing of a batch with such a ping is in: should its answer get lost, its number must not say that all of it is', async () => {
  const [one, two] = await loadByCode(database.sql, [code, other]);
  const lane = randomUUID();
  const sql = (await database.sql.reserve()) as ReservedSql;
  try {
    const pings = [one!, two!, one!].map(({ id, rulesVersion }) => makePing(id, systemClock.now(), { rulesVersion }));
    const numbered = { ranges: [{ lane, first: 1, batch: 1 }] };
    await database.sql`update checks set methods = 'POST' where id = ${one!.id}`;
    expect(await applyBatch(sql, pings, numbered)).toMatchObject({ already: false, outdated: [0, 2], outcomes: [] });
    expect(await database.sql`select from pings`).toHaveLength(0);
    // The number is still to be had. What was answered before is written as it was judged.
    const answered = pings.map((ping) => ({ ...ping, rulesVersion: null }));
    expect(await applyBatch(sql, answered, numbered)).toMatchObject({ already: false, outdated: [] });
    expect(await database.sql`select from pings`).toHaveLength(3);
  } finally {
    sql.release();
  }
});

describe('what the throttle would take', () => {
  let told: (() => void)[];
  let taken: CoalescedPing[];
  const hearing: Hearing = {
    whenHeard: (done) => told.push(done) > 0,
    whenHeardTheLast: (done) => told.length > 0 && told.push(done) > 0,
  };
  const throttle: PlainSuccessThrottle = {
    has: () => true,
    take: (_checkId, ping) => taken.push(ping) > 0,
    end: () => {},
  };
  const tell = () => {
    for (const done of told.splice(0)) done();
  };
  beforeEach(() => {
    told = [];
    taken = [];
  });

  test('waits until all changes are heard, and is judged then', async () => {
    const intake = intakeOf(throttle, hearing);
    await remember(intake);
    await database.sql`update checks set methods = 'POST' where code = ${code}`;
    const sent = send(intake, { code });
    void send(intake, { code: other });
    expect([told.length, taken.length]).toEqual([2, 0]);
    cache.changed(code);
    tell();
    expect(await sent).toBe('recorded');
    expect(await kindsOf(code)).toEqual(['log', 'log', 'ign']);
    expect(taken).toHaveLength(1);
  });

  test('what comes behind it waits as well; other checks do not', async () => {
    const intake = intakeOf({ ...throttle, take: () => false }, hearing);
    await remember(intake);
    const sent = [send(intake, { code }), send(intake, { code }, 'fail')];
    expect(await send(intake, { code: other }, 'fail')).toBe('recorded');
    expect(told).toHaveLength(2);
    tell();
    expect(await Promise.all(sent)).toEqual(['recorded', 'recorded']);
    expect(await kindsOf(code)).toEqual(['log', 'log', 'success', 'fail']);
    // Nothing is left of it.
    expect(await send(intake, { code }, 'fail')).toBe('recorded');
  });

  test('only so many in a second', async () => {
    const clock = new VirtualClock(systemClock.now());
    const intake = intakeOf(throttle, hearing, clock);
    await remember(intake);
    for (let i = 1; i < 100; i++) {
      void send(intake, { code });
      tell();
    }
    expect(taken).toHaveLength(99);
    // The hundredth waits, and so does what is behind it; other checks do not any more.
    for (const address of [{ code }, { code }, { code: other }]) void send(intake, address);
    expect([told.length, taken.length]).toEqual([2, 100]);
    tell();
    void send(intake, { code });
    expect([told.length, taken.length]).toEqual([0, 103]);
    await clock.advance(1000);
    void send(intake, { code });
    expect(told).toHaveLength(1);
  });
});
