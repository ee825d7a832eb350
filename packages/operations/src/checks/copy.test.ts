import { VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedChannel, seedProject } from '../testing.ts';
import { copyCheck } from './copy.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('a channel that is removed while a check is copied is not assigned to the copy', async () => {
  const { sql } = database;
  const { projectId } = await seedProject(database);
  const [kept, removed] = [await seedChannel(database, projectId), await seedChannel(database, projectId)];
  const [check] = await sql<{ id: number; code: string }[]>`
    insert into checks (project_id) values (${projectId}) returning id, code`;
  for (const { id } of [kept, removed]) await sql`insert into channel_checks values (${check!.id}, ${id})`;

  let copying: ReturnType<typeof copyCheck> | undefined;
  await sql.begin(async (tx) => {
    await tx`delete from channels where id = ${removed.id}`;
    copying = copyCheck(database, new VirtualClock(0), { code: check!.code, projectId });
    const waiting = () => sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(async () => (await waiting()).length, { interval: 5 }).toBeGreaterThan(0);
  });
  expect(await copying).toMatchObject({ ok: true, value: { channels: kept.code } });
});
