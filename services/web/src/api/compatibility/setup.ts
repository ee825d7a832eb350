import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect } from 'vitest';
import { startTestApi, type TestApi, type TestProject } from '../testing.ts';

interface Context {
  api: TestApi;
  database: TestDatabase;
}

/** What the suites of this folder share: one database and one server for each file, stopped when it ends. */
export function useTestApi(env: Record<string, string> = {}): Context {
  const context = {} as Context;
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

/** A project for all tests of a file; it is there once they run. */
export function useTestProject(context: Context, options?: Parameters<TestApi['project']>[0]): TestProject {
  const project = {} as TestProject;
  beforeAll(async () => {
    Object.assign(project, await context.api.project(options));
  });
  return project;
}

/** Calls below `/api/`, with the project's read-write key unless another is given. */
export function apiOf(context: Context, project: TestProject) {
  const call = (path: string, method = 'GET', body?: unknown, key = project.rw) =>
    context.api.call(`/api/${path}`, { method, key, body });
  return {
    call,
    /** The document of a new check with these fields. */
    create: async (fields: unknown = {}, key = project.rw) => (await call('v3/checks/', 'POST', fields, key)).json,
    /** Writes columns of a check that no request sets. */
    set: (uuid: string, columns: Record<string, unknown>) =>
      context.database.sql`update checks set ${context.database.sql(columns as never)} where code = ${uuid}`,
  };
}

export const UNKNOWN_UUID = '00000000-1111-4222-8333-444444444444';
export const UNKNOWN_KEY = '0123456789abcdef0123456789abcdef01234567';
