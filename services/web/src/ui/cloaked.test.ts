import { bootstrap } from '@overdue/accounts';
import { uniqueKey } from '@overdue/checks';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SECRET_KEY, startTestSite, type TestSite } from '../testing.ts';

const password = 'correct horse battery';
let database: TestDatabase;
let site: TestSite;
beforeAll(async () => {
  database = await createTestDatabase();
  site = await startTestSite(database);
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  await database.drop();
});

it('M-91: leads members to the check, others to the sign-in or nowhere', async () => {
  // The first account is a superuser, who sees everything.
  await bootstrap(database, SECRET_KEY, { email: 'root@example.org', password });
  const { project } = await bootstrap(database, SECRET_KEY, { email: 'ops@example.org', password });
  await bootstrap(database, SECRET_KEY, { email: 'stranger@example.org', password });
  const [check] = await database.sql<{ code: string }[]>`
    insert into checks (project_id) select id from projects where code = ${project.code} returning code`;
  const path = `/cloaked/${uniqueKey(check!.code)}/`;

  const visit = async (email: string, at = path) => {
    const visitor = site.visitor();
    await visitor.signIn(email, password);
    const { status, location } = await visitor.get(at);
    return { status, location };
  };
  expect(await visit('ops@example.org')).toEqual({ status: 302, location: `/checks/${check!.code}/details/` });
  expect((await visit('stranger@example.org')).status).toBe(404);
  expect((await visit('ops@example.org', `/cloaked/${'0'.repeat(40)}/`)).status).toBe(404);
  const anonymous = await site.visitor().get(path);
  expect([anonymous.status, anonymous.location]).toEqual([302, expect.stringContaining('/accounts/login/')]);
  expect(anonymous.text).not.toContain(check!.code);
});
