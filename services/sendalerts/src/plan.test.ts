import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestWorld } from './testing/world.ts';

const CHECKS = 1_000_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 1 });
  const { projectId } = await new TestWorld(database.sql).begin();
  const { sql } = database;
  // Only the table's size and the spread of deadlines matter: no triggers, and the indexes that are not looked at last.
  await sql`alter table checks disable trigger user`;
  await sql`alter table checks drop constraint checks_code_key, drop constraint checks_badge_key_key`;
  await sql`drop index checks_project`;
  await sql`drop index checks_due`;
  await sql`
    insert into checks (project_id, status, last_ping, alert_after, wake_at)
    select ${projectId}, 'up', now(), now() + i * interval '1 second', now() + i * interval '1 second'
    from generate_series(1, ${CHECKS}) i`;
  await sql`create index checks_due on checks (wake_at) where wake_at is not null`;
  await sql`analyze checks`;
}, 120_000);
afterAll(() => database.drop());

test('with a million checks the scan reads one range of one index, and nothing when nothing is due', async () => {
  const { sql } = database;
  const explained = await sql<{ 'QUERY PLAN': [{ Plan: Plan }] }[]>`
    explain (analyze, buffers, format json)
    select id, kind from checks where wake_at < now() - interval '1 hour' order by wake_at limit 1000 for update skip locked`;
  const nodes = flatten(explained[0]!['QUERY PLAN'][0].Plan);
  expect(nodes.map((node) => node['Node Type'])).toEqual(['Limit', 'LockRows', 'Index Scan']);
  const scan = nodes.at(-1)!;
  expect(scan['Index Name']).toBe('checks_due');
  expect(scan['Actual Rows']).toBe(0);
  expect(scan['Shared Hit Blocks'] + scan['Shared Read Blocks']).toBeLessThan(10);
});

test('and what is due is read without sorting or looking at anything else', async () => {
  const { sql } = database;
  const explained = await sql<{ 'QUERY PLAN': [{ Plan: Plan }] }[]>`
    explain (analyze, format json)
    select id, kind from checks where wake_at < now() + interval '1 day' order by wake_at limit 1000
    for update skip locked`;
  const nodes = flatten(explained[0]!['QUERY PLAN'][0].Plan);
  expect(nodes.map((node) => node['Node Type'])).toEqual(['Limit', 'LockRows', 'Index Scan']);
  expect(nodes.at(-1)!['Actual Rows']).toBe(1000);
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}

function flatten(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(flatten)];
}
