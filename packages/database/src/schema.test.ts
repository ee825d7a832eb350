import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeSchema } from './schema.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';
import { tablesSource } from './testing/tables-source.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

// After a new migration: `npx vitest run packages/database -u`, and the effect shows in the diff.
test('the committed schema is what the migrations make', async ({ skip }) => {
  const [row] = await database.sql<
    { version: number }[]
  >`select current_setting('server_version_num')::int / 10000 as version`;
  skip(row!.version !== 18, 'servers word their catalogs a little differently; the embedded one is the reference');
  await expect(await describeSchema(database.sql)).toMatchFileSnapshot('../schema.txt');
});

test('the committed table types are what the schema says', async () => {
  await expect(await tablesSource(database.sql)).toMatchFileSnapshot('./generated/tables.ts');
});
