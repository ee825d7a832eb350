import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { longestDue, scheduleReminders, scheduleReports } from './due.ts';

const NOW = Date.parse('2020-01-13T02:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql`delete from users`;
});

interface Dates {
  reports?: string;
  next_report_at?: number;
  nag_period?: number;
  next_nag_at?: number;
  is_active?: boolean;
}

const DUE = { reports: 'weekly', next_report_at: NOW - HOUR, nag_period: 3600, next_nag_at: NOW - 500 };

async function person(fields: Dates): Promise<void> {
  const { sql } = database;
  const name = crypto.randomUUID();
  await sql`insert into users ${sql({ reports: 'off', ...fields, username: name.slice(0, 30), email: name })}`;
}

async function stored() {
  const [row] = await database.sql<Required<Dates>[]>`select next_report_at, next_nag_at from users`;
  return row!;
}

test.each([
  ['daily', 2 * DAY],
  ['weekly', 8 * DAY],
  ['monthly', 32 * DAY],
])('%s: a date more than %d ms ahead, as after a clock that was wrong, is chosen anew', async (reports, most) => {
  await person({ reports, next_report_at: NOW + most });
  await scheduleReports(database.sql, NOW);
  expect((await stored()).next_report_at).toBe(NOW + most);
  await scheduleReports(database.sql, NOW - 1);
  expect((await stored()).next_report_at).toBeLessThan(NOW + most - 11 * HOUR);
});

test.each([
  [3600, DAY, DAY],
  [3600, DAY + 1, HOUR],
  [86_400, 300 * DAY, DAY],
])('a reminder every %d s that is due in %d ms is due in %d', async (nag_period, before, after) => {
  await person({ nag_period, next_nag_at: NOW + before });
  await scheduleReminders(database.sql, NOW);
  expect((await stored()).next_nag_at).toBe(NOW + after);
});

test('for how long something has been due can be measured', async () => {
  expect(await longestDue(database.sql, NOW)).toEqual({ report: 0, reminder: 0 });
  await person({ ...DUE, next_report_at: NOW + DAY });
  await person({ ...DUE, next_nag_at: NOW });
  await person({ ...DUE, next_report_at: NOW - DAY, is_active: false });
  expect(await longestDue(database.sql, NOW)).toEqual({ report: 3600, reminder: 0.5 });
});
