import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anyDue, dueChecks } from './judge.ts';
import { TestWorld } from './testing/world.ts';

const CHECKS = 1_000_000;
const GROUP = 1000;
const HOUR = 3_600_000;

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
});
afterAll(() => database.drop());

test('with a million checks the scan reads one range of one index, and nothing when nothing is due', async () => {
  const { sql } = database;
  const nodes = await planOf(dueChecks(sql, Date.now() - HOUR, GROUP));
  expect(nodes.map((node) => node['Node Type'])).toEqual(['Limit', 'LockRows', 'Index Scan']);
  const scan = nodes.at(-1)!;
  expect(scan['Index Name']).toBe('checks_due');
  expect(scan['Actual Rows']).toBe(0);
  expect(scan['Shared Hit Blocks'] + scan['Shared Read Blocks']).toBeLessThan(10);
  // What is asked first, most of the time the only thing.
  const first = (await planOf(anyDue(sql, Date.now() - HOUR))).find((node) => node['Index Name'] === 'checks_due');
  expect(first!['Node Type']).toMatch(/^Index (Only )?Scan$/);
  expect(first!['Shared Hit Blocks'] + first!['Shared Read Blocks']).toBeLessThan(10);
});

test('and what is due is read without sorting or looking at anything else', async () => {
  const nodes = await planOf(dueChecks(database.sql, Date.now() + 24 * HOUR, GROUP));
  expect(nodes.map((node) => node['Node Type'])).toEqual(['Limit', 'LockRows', 'Index Scan']);
  expect(nodes.at(-1)!['Actual Rows']).toBe(GROUP);
});

test('nor is the table read from end to end once the server has settled on plans for any parameters', async () => {
  await database.sql.begin(async (sql) => {
    const tableScans = async () => {
      const [row] = await sql<{ n: number }[]>`
        select seq_scan::int as n from pg_stat_xact_user_tables where relname = 'checks'`;
      return row!.n;
    };
    const before = await tableScans();
    // From the sixth time on it weighs a plan that does not look at the parameters.
    for (let look = 0; look < 10; look++) {
      expect((await anyDue(sql, Date.now() - HOUR))[0]!.due).toBe(false);
      expect(await dueChecks(sql, Date.now() - HOUR, GROUP)).toHaveLength(0);
    }
    expect((await tableScans()) - before).toBe(0);
  });
});

/** How the server carries out a statement of the product, and what that reads. */
async function planOf(statement: ReturnType<typeof anyDue | typeof dueChecks>): Promise<Plan[]> {
  const explained = await database.sql<{ 'QUERY PLAN': [{ Plan: Plan }] }[]>`
    explain (analyze, buffers, format json) ${statement}`;
  return flatten(explained[0]!['QUERY PLAN'][0].Plan);
}

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
