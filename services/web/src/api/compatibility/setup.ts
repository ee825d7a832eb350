import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

/** What the suites of this folder share: one database and one server for each file, stopped when it ends. */
export function useTestApi(env: Record<string, string> = {}): { api: TestApi; database: TestDatabase } {
  const context = {} as { api: TestApi; database: TestDatabase };
  beforeAll(async () => {
    context.database = await createTestDatabase();
    context.api = await startTestApi(context.database, env);
  });
  afterAll(async () => {
    await context.api.close();
    await context.database.drop();
    expect(context.api.errors).toEqual([]); // nothing was answered with 500
  });
  return context;
}

export const UNKNOWN_UUID = '00000000-1111-4222-8333-444444444444';
export const UNKNOWN_KEY = '0123456789abcdef0123456789abcdef01234567';
