import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from './connect.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

test('a pool that is never quite busy does not search a list that grows with every query', async () => {
  const { sql, close } = connect({ target: database.target, applicationName: 'test', max: 3 });
  await Promise.all([1, 2, 3].map(() => sql`select pg_sleep(0.05)`)); // all three connections are open, and stay idle
  for (let i = 0; i < 500; i++) await sql`select 1`;

  const { indexOf } = Array.prototype;
  let longest = 0;
  Array.prototype.indexOf = function (this: unknown[], ...args: [unknown, number?]) {
    longest = Math.max(longest, this.length);
    return indexOf.apply(this, args);
  };
  try {
    await sql`select 1`;
  } finally {
    Array.prototype.indexOf = indexOf;
  }
  await close();
  expect(longest).toBeGreaterThan(0);
  expect(longest).toBeLessThan(100);
});
