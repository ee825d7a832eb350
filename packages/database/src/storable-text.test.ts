import { afterAll, beforeAll, expect, test } from 'vitest';
import { storableText } from './storable-text.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test.each([
  ['plain', 200, 'plain'],
  ['too long', 3, 'too'],
  ['NUL\0s', 200, 'NULs'],
  ['cut in two: 😀', 13, 'cut in two: \ufffd'],
  ['whole: 😀', 9, 'whole: 😀'],
  ['\udc00 alone \ud800', 200, '\ufffd alone \ufffd'],
])('%j, at most %i', async (text, most, expected) => {
  const stored = storableText(text, most);
  expect(stored).toBe(expected);
  const [row] = await database.sql`
    select ${stored}::text as text, ${{ stored } as never}::jsonb ->> 'stored' as json`;
  expect(row).toEqual({ text: expected, json: expected });
});
