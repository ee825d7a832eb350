import { bootstrap } from '@overdue/accounts';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { type SmtpReceiver, startSmtpReceiver } from '@overdue/notifications/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET_KEY, startTestSite, type TestSite, type Visitor } from '../../testing.ts';

const PASSWORD = 'correct horse battery';
let database: TestDatabase;
let smtp: SmtpReceiver;
let site: TestSite;

beforeAll(async () => {
  database = await createTestDatabase();
  smtp = await startSmtpReceiver();
  site = await startTestSite(database, { env: smtp.env });
  // The first account is the administrator's.
  await account('admin@example.org');
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  await smtp.close();
  await database.drop();
});

async function account(email: string): Promise<Visitor> {
  await bootstrap(database, SECRET_KEY, { email, password: PASSWORD, projectName: `Project of ${email}` });
  const visitor = site.visitor();
  await visitor.signIn(email, PASSWORD);
  return visitor;
}

const exists = async (email: string) => (await database.sql`select 1 from users where email = ${email}`).length > 0;

/** The path of the link in the newest mail to `to`. */
function linkTo(to: string): string {
  const mail = smtp.mails.findLast(({ raw }) => raw.includes(`To: ${to}`))!.raw.replaceAll('=\r\n', '');
  return /\/accounts\/change_email\/[\w.-]+\//.exec(mail)![0];
}

describe('another e-mail address', () => {
  const change = (visitor: Visitor, email: string, password = PASSWORD) =>
    visitor.submit('/accounts/change_email/', { email, password });

  it('is taken once its owner has opened the mailed link and pressed the button; the link works once', async () => {
    const visitor = await account('old@example.org');
    expect((await change(visitor, ' New@Example.org ')).location).toBe('/accounts/profile/');
    const link = linkTo('new@example.org');
    expect((await site.visitor().get(link)).text).toContain('new@example.org');
    expect(await exists('old@example.org')).toBe(true);
    expect((await site.visitor().submit(link)).location).toBe('/accounts/login/');
    expect(await exists('old@example.org')).toBe(false);
    expect(await exists('new@example.org')).toBe(true);
    expect((await visitor.get('/accounts/profile/')).text).toContain('new@example.org');
    expect((await site.visitor().submit(link)).status).toBe(400);
  });

  it('is refused without the password, for an address that is taken, and for what is no address', async () => {
    const visitor = await account('stays@example.org');
    const mails = smtp.mails.length;
    expect((await change(visitor, 'other@example.org', 'wrong')).text).toContain('This is not your password.');
    expect((await change(visitor, 'admin@example.org')).text).toContain('already has an account');
    expect((await change(visitor, 'nonsense')).status).toBe(400);
    expect(smtp.mails).toHaveLength(mails);
  });

  it('is refused when the link is damaged, or somebody else got the address meanwhile', async () => {
    const visitor = await account('slow@example.org');
    await change(visitor, 'wanted@example.org');
    const link = linkTo('wanted@example.org');
    expect((await site.visitor().get(`${link.slice(0, -2)}x/`)).status).toBe(400);
    await account('wanted@example.org');
    expect((await site.visitor().submit(link)).status).toBe(400);
    expect(await exists('slow@example.org')).toBe(true);
  });
});

describe('closing the account', () => {
  it('needs the address exactly and the password; then everything of it is gone at once', async () => {
    const email = 'leaves@example.org';
    const visitor = await account(email);
    const close = (fields: Record<string, string>) => visitor.submit('/accounts/close/', fields);
    expect((await visitor.get('/accounts/close/')).text).toContain('1 project');
    expect((await close({ confirmation: email.toUpperCase(), password: PASSWORD })).status).toBe(400);
    expect((await close({ confirmation: email, password: 'wrong' })).text).toContain('This is not your password.');
    expect(await exists(email)).toBe(true);
    expect((await close({ confirmation: email, password: PASSWORD })).location).toBe('/accounts/login/');
    expect(await exists(email)).toBe(false);
    expect(await database.sql`select 1 from projects where name = ${`Project of ${email}`}`).toHaveLength(0);
    expect((await visitor.get('/accounts/profile/')).location).toMatch(/^\/accounts\/login\//);
  });

  it('is refused to the only administrator', async () => {
    const visitor = site.visitor();
    await visitor.signIn('admin@example.org', PASSWORD);
    expect((await visitor.get('/accounts/close/')).text).toContain('only administrator');
    const token = /name="_csrf" value="([^"]+)"/.exec((await visitor.get('/accounts/profile/')).text)![1]!;
    const fields = { _csrf: token, confirmation: 'admin@example.org', password: PASSWORD };
    expect((await visitor.post('/accounts/close/', fields)).status).toBe(400);
    expect(await exists('admin@example.org')).toBe(true);
  });
});
