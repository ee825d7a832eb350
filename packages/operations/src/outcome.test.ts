import { VirtualClock } from '@overdue/clock';
import { connect } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCheck, pauseCheck, resumeCheck } from './index.ts';
import { seedProject } from './testing.ts';

const clock = new VirtualClock(Date.parse('2026-11-21T12:00:00Z'));
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('a migration that adds a column in the middle of the work is not noticed', async () => {
  const { projectId } = await seedProject(database);
  const one = connect({ target: database.target, applicationName: 'one connection', max: 1 });
  const addColumn = (name: string) => database.sql.unsafe(`alter table checks add ${name} int`);
  const made = await createCheck(one, clock, { projectId });
  if (!made.ok) throw new Error(made.message);
  const { code } = made.value;
  await pauseCheck(one, clock, { code });
  await addColumn('added_once');
  expect(await createCheck(one, clock, { projectId })).toMatchObject({ ok: true });
  await addColumn('added_twice');
  expect(await resumeCheck(one, clock, { code })).toMatchObject({ ok: true, value: { status: 'new' } });
  await database.sql`alter table checks drop added_once, drop added_twice`;
  await one.close(1);
});
