import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mayNotify } from './rate-limit.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('six at once, then one every ten seconds; recipients are counted apart and not stored', async () => {
  const { sql } = database;
  const ask = (recipient: string) => mayNotify(sql, 'secret', 'ntfy', recipient);
  const answers: boolean[] = [];
  for (let i = 0; i < 8; i++) answers.push(await ask('alerts'));
  expect(answers).toEqual([true, true, true, true, true, true, false, false]);
  expect(await ask('other')).toBe(true);
  await sql`update token_buckets set updated_at = updated_at - interval '10 seconds'`;
  expect([await ask('alerts'), await ask('alerts')]).toEqual([true, false]);
  expect(JSON.stringify(await sql`select key from token_buckets`)).not.toContain('alerts');
});
