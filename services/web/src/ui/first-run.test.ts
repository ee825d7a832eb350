import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestSite, type TestSite } from '../testing.ts';

let database: TestDatabase;
let site: TestSite;
beforeAll(async () => {
  database = await createTestDatabase();
  site = await startTestSite(database);
});
afterAll(async () => {
  await site.close();
  await database.drop();
});

const account = { email: 'Admin@Example.org', password: 'correct horse battery' };

describe('the first run', () => {
  it('leads every page to the set-up form', async () => {
    const visitor = site.visitor();
    for (const path of ['/', '/accounts/profile/']) {
      expect(await visitor.get(path)).toMatchObject({ status: 302, location: '/setup/' });
    }
    expect((await visitor.get('/accounts/login/')).location).toBe('/setup/');
    expect((await visitor.get('/setup/')).text).toContain('Create the account');
  });

  it('says what is wrong and keeps what was entered', async () => {
    const answer = await site.visitor().submit('/setup/', { email: 'admin@', password: 'short' });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('Enter a valid e-mail address.');
    expect(answer.text).toContain('Use at least 8 characters.');
    expect(answer.text).toContain('value="admin@"');
    expect(await database.sql`select 1 from users`).toHaveLength(0);
  });

  it('makes one administrator of several visitors at once, and signs that one in', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        site.visitor().submit('/setup/', { ...account, email: `admin${i}@example.org`, tz: 'Europe/Riga' }),
      ),
    );
    const users = await database.sql<{ email: string; is_superuser: boolean; tz: string }[]>`select * from users`;
    expect(users).toMatchObject([{ is_superuser: true, tz: 'Europe/Riga' }]);
    expect(answers.filter((a) => a.location?.startsWith('/projects/'))).toHaveLength(1);
    expect(answers.filter((a) => a.location === '/accounts/login/')).toHaveLength(5);
  });

  it('is over then: the form is gone', async () => {
    expect((await site.visitor().get('/setup/')).location).toBe('/');
    expect((await site.visitor().get('/')).location).toBe('/accounts/login/');
  });

  it('gave the administrator a project with a verified e-mail channel', async () => {
    const rows = await database.sql`
      select c.kind, c.email_verified, c.value ->> 'value' = u.email as own
      from channels c join projects p on p.id = c.project_id join users u on u.id = p.owner_id`;
    expect(rows).toMatchObject([{ kind: 'email', email_verified: true, own: true }]);
  });
});
