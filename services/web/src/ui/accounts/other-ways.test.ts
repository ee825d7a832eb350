import { bootstrap } from '@overdue/accounts';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { type SmtpReceiver, startSmtpReceiver } from '@overdue/notifications/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET_KEY, startTestSite, type TestSite } from '../../testing.ts';

const ACCOUNT = { email: 'ops@example.org', password: 'correct horse battery' };
let database: TestDatabase;
let smtp: SmtpReceiver;
let site: TestSite;
let project: string;

beforeAll(async () => {
  database = await createTestDatabase();
  smtp = await startSmtpReceiver();
  site = await startTestSite(database, { env: smtp.env });
  project = (await bootstrap(database, SECRET_KEY, { ...ACCOUNT, projectName: 'Backups' })).project.code;
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  await smtp.close();
  await database.drop();
});

/** The path of the sign-in link in the newest mail to `to`. */
async function linkTo(to: string): Promise<string> {
  const find = () => smtp.mails.findLast(({ raw }) => raw.includes(`To: ${to}`))?.raw.replaceAll('=\r\n', '');
  await expect.poll(find).toBeDefined();
  const [, path] = /http:\/\/[^/\s]+(\/accounts\/check_token\/[\w-]+\/[\w-]+\/)/.exec(find()!)!;
  return path!;
}

describe('a mailed link', () => {
  it('is offered, says the same to everybody, signs in once, and not by being looked at', async () => {
    const visitor = site.visitor();
    expect((await visitor.get('/accounts/login/')).text).toContain('Mail me a link');
    for (const identity of ['nobody@example.org', ACCOUNT.email]) {
      expect(await visitor.submit('/accounts/login/', { identity })).toMatchObject({
        status: 303,
        location: '/accounts/login_link_sent/',
      });
    }
    const path = await linkTo(ACCOUNT.email);
    expect(smtp.mails).toHaveLength(1);
    await site.visitor().get(path);
    expect((await site.visitor().submit(path)).location).toBe(`/projects/${project}/checks/`);
    expect((await site.visitor().submit(path)).location).toBe('/accounts/login/');
  });

  it('ends when a newer one is asked for, after an hour, and when it is damaged', async () => {
    const ask = async () => {
      const before = smtp.mails.length;
      await site.visitor().submit('/accounts/login/', { identity: ACCOUNT.email });
      await expect.poll(() => smtp.mails.length).toBe(before + 1);
      return linkTo(ACCOUNT.email);
    };
    const [older, newer] = [await ask(), await ask()];
    const signsIn = async (path: string) => (await site.visitor().submit(path)).location !== '/accounts/login/';
    expect(await signsIn(older)).toBe(false);
    expect(await signsIn(newer.replace(/.\/$/, (end) => (end === 'A/' ? 'B/' : 'A/')))).toBe(false);
    await database.sql`update users set login_token_expires_at = now() - interval '1 second'`;
    expect(await signsIn(newer)).toBe(false);
  });

  it('is asked for ten times an hour at most', async () => {
    await database.sql`delete from token_buckets`;
    const ask = () => site.visitor().submit('/accounts/login/', { identity: 'a@example.org' });
    for (let i = 0; i < 10; i++) expect((await ask()).status).toBe(303);
    expect((await ask()).status).toBe(429);
    await database.sql`delete from token_buckets`;
  });
});

describe('an invitation', () => {
  it('is mailed, signs in, and lets people choose a password', async () => {
    const owner = site.visitor();
    await owner.signIn(ACCOUNT.email, ACCOUNT.password);
    await owner.submit(`/projects/${project}/settings/`, { action: 'invite', email: 'new@example.org', role: 'r' });
    const guest = site.visitor();
    expect((await guest.submit(await linkTo('new@example.org'))).location).toBe('/accounts/profile/');
    const chosen = { action: 'password', password: 'a password of mine' };
    expect((await guest.submit('/accounts/profile/', chosen)).status).toBe(303);
    expect((await guest.get(`/projects/${project}/checks/`)).status).toBe(200);
    expect((await site.visitor().signIn('new@example.org', 'a password of mine')).status).toBe(303);
  });

  it('without a mail server is a link for the inviter to pass on, if the account is new', async () => {
    const silent = await startTestSite(database);
    const owner = silent.visitor();
    await owner.signIn(ACCOUNT.email, ACCOUNT.password);
    const settings = `/projects/${project}/settings/`;
    const invite = (email: string) => owner.submit(settings, { action: 'invite', email, role: 'w' });
    const path = /check_token\/[\w-]+\/[\w-]+\//.exec((await invite('other@example.org')).text)![0];
    expect((await silent.visitor().submit(`/accounts/${path}`)).location).toBe('/accounts/profile/');
    await bootstrap(database, SECRET_KEY, { email: 'in-use@example.org', password: 'a password of mine' });
    expect((await invite('in-use@example.org')).status).toBe(303);
    await silent.close();
  });
});

describe('signing up', () => {
  it('makes an account with a project, and says the same for an address that has one', async () => {
    for (const identity of ['fresh@example.org', ACCOUNT.email]) {
      expect((await site.visitor().submit('/accounts/signup/', { identity, tz: 'Europe/Riga' })).location).toBe(
        '/accounts/login_link_sent/',
      );
    }
    const visitor = site.visitor();
    expect((await visitor.submit(await linkTo('fresh@example.org'))).location).toBe('/accounts/profile/');
    const [row] = await database.sql`select is_superuser, tz from users where email = 'fresh@example.org'`;
    expect(row).toEqual({ is_superuser: false, tz: 'Europe/Riga' });
    expect((await visitor.get('/accounts/signup/')).status).toBe(403);
  });

  it('is closed without a mail server, or with REGISTRATION_OPEN off', async () => {
    for (const env of [{}, { ...smtp.env, REGISTRATION_OPEN: 'False' }]) {
      const closed = await startTestSite(database, { env });
      expect((await closed.visitor().get('/accounts/signup/')).status).toBe(403);
      expect((await closed.visitor().get('/accounts/login/')).text).not.toContain('/accounts/signup/');
      await closed.close();
    }
  });
});

describe('a proxy that signs people in', () => {
  it('is believed about who asks; our own ways in are closed', async () => {
    const behind = await startTestSite(database, { env: { REMOTE_USER_HEADER: 'HTTP_X_AUTHENTICATED_USER' } });
    const visitor = behind.visitor();
    const as = (email: string) => ({ 'x-authenticated-user': email });
    expect((await visitor.get(`/projects/${project}/checks/`, as('OPS@example.org'))).status).toBe(200);
    expect((await visitor.get(`/projects/${project}/checks/`)).status).toBe(403);
    expect((await visitor.get('/accounts/login/')).status).toBe(403);
    expect((await visitor.get('/', as('proxied@example.org'))).status).toBe(200);
    const rows = await database.sql`
      select u.is_superuser from users u join projects p on p.owner_id = u.id where u.email = 'proxied@example.org'`;
    expect(rows).toEqual([{ is_superuser: false }]);
    const page = await visitor.get('/projects/add/', as('proxied@example.org'));
    const token = /name="_csrf" value="([^"]+)"/.exec(page.text)![1]!;
    const made = await visitor.post('/projects/add/', { _csrf: token, name: 'Mine' }, as('proxied@example.org'));
    expect(made.status).toBe(303);
    await behind.close();
  });
});
