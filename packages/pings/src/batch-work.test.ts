import type { ReservedSql } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyBatch } from './apply-batch.ts';
import { BatchWork } from './batch-work.ts';
import { lockChecks, readState } from './stored-check.ts';
import { makePing, makeProject } from './testing.ts';

let database: TestDatabase;
let sql: ReservedSql;
let project: number;

beforeAll(async () => {
  database = await createTestDatabase();
  project = await makeProject(database.sql);
  sql = (await database.sql.reserve()) as ReservedSql;
});
afterAll(async () => {
  sql.release();
  await database.drop();
});

/** Applies one ping for each body, to a check of its own, in one batch. */
async function store(bodies: readonly (Buffer | null)[]) {
  const checks = await database.sql<{ id: number }[]>`
    insert into checks (project_id) select ${project} from generate_series(1, ${bodies.length}) returning id`;
  const at = Date.UTC(2026, 10, 21, 12);
  const pings = bodies.map((body, i) => makePing(checks[i]!.id, at, { kind: 'log', method: 'POST', body }));
  await applyBatch(sql, pings, { ranges: [] });
  const stored = await database.sql<{ body: Buffer | null; link: boolean }[]>`
    select p.body, c.has_confirmation_link as link from pings p join checks c on c.id = p.check_id
    where c.id >= ${checks[0]!.id} order by c.id`;
  return stored.map(({ body, link }) => ({ body: body && Buffer.from(body), link }));
}

test.each([
  ['ASCII', 'exit 0'],
  ['what array literals escape', 'a "b" \\c\\ {d,e} NULL \'f\' \\x00 \\\\'],
  ['control characters', '\x01\t\r\n\x1f\x7f'],
  ['one word that means null elsewhere', 'NULL'],
  ['UTF-8', 'naïve — 日本 🎉'],
  ['a NUL', 'a\0b'],
])('a body is stored byte for byte: %s', async (_, text) => {
  const body = Buffer.from(text);
  expect((await store([body]))[0]!.body).toEqual(body);
});

test('bodies of all kinds keep their places in a batch', async () => {
  const body = fc.option(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ minLength: 1, unit: 'binary-ascii' }).map((text) => Buffer.from(text)),
      fc.string({ minLength: 1, unit: 'binary' }).map((text) => Buffer.from(text)),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(body, { minLength: 1, maxLength: 8 }), async (bodies) => {
      expect((await store(bodies)).map((stored) => stored.body)).toEqual(bodies);
    }),
    { numRuns: 50 },
  );
});

test('a body that asks for a confirmation is found, in any case of letters (P-31)', async () => {
  const bodies = ['Please CONFIRM your subscription', 'con firm', 'naïve: confirmation'].map((text) =>
    Buffer.from(text),
  );
  expect((await store([...bodies, null])).map(({ link }) => link)).toEqual([true, false, true, false]);
});

test('nothing of a batch is committed when a row is not where it was locked', async () => {
  const [check] = await database.sql<{ id: number }[]>`
    insert into checks (project_id) values (${project}) returning id`;
  const at = Date.UTC(2026, 10, 21, 12);
  const work = new BatchWork(1);
  await sql`begin`;
  const [row] = await lockChecks(sql, [check!.id]);
  work.apply({ ...readState(row!), place: '(4000000,1)' }, [0], [makePing(check!.id, at)], {
    flippedAt: null,
    known: null,
  });
  const [written] = await Promise.allSettled(work.statements(sql, 'locked'));
  const { command } = await sql`commit`;
  // 40001: to be tried again.
  expect(written).toMatchObject({ status: 'rejected', reason: { code: '40001' } });
  expect(command).toBe('ROLLBACK');
  expect(await database.sql`select from pings where check_id = ${check!.id}`).toHaveLength(0);
});
