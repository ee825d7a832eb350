import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProject } from './project.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const found = (wanted?: string) => findProject(database, wanted);

test('by code or name; without either, the only one', async () => {
  await expect(found()).rejects.toThrow(/^There is no project yet\.$/);
  const { sql } = database;
  const [user] = await sql<{ id: number }[]>`
    insert into users (username, email) values ('a', 'a@example.org') returning id`;
  const add = async (name: string) => {
    const [row] = await sql<{ code: string }[]>`
      insert into projects (owner_id, name, badge_key) values (${user!.id}, ${name}, gen_random_uuid()) returning code`;
    return row!.code;
  };
  const code = await add('Ops');
  expect(await found()).toMatchObject({ name: 'Ops' });
  expect(await found('Ops')).toMatchObject({ name: 'Ops' });
  expect(await found(code.toUpperCase())).toMatchObject({ name: 'Ops' });
  await expect(found('')).rejects.toThrow(/^There is no project ""\.$/);

  await add('');
  expect(await found('')).toMatchObject({ name: '' });
  await expect(found()).rejects.toThrow(/^There are several projects; .*\n.* {2}Ops, of .*\n.* {2}\(no name\), of/);
  await add('');
  await expect(found('')).rejects.toThrow(/^Several projects are called ""; say which by its code/);
});
