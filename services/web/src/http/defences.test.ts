import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { bootstrap } from '@overdue/accounts';
import { connect } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET_KEY, startTestSite, type TestSite } from '../testing.ts';

const EMAIL = 'ops@example.org';
const PASSWORD = 'correct horse battery';
let database: TestDatabase;
let site: TestSite;
let project: string;

beforeAll(async () => {
  database = await createTestDatabase();
  site = await startTestSite(database);
  project = (await bootstrap(database, SECRET_KEY, { email: EMAIL, password: PASSWORD })).project.code;
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  await database.drop();
});

async function signedIn(on: TestSite = site) {
  const visitor = on.visitor();
  await visitor.signIn(EMAIL, PASSWORD);
  return visitor;
}

describe('forged forms', () => {
  const add = () => `/projects/${project}/checks/add/`;
  const fields = {
    name: 'forged',
    kind: 'simple',
    timeout_value: '1',
    timeout_unit: '86400',
    grace_value: '1',
    grace_unit: '3600',
  };

  it('are refused without a token, with a wrong one, with that of another session', async () => {
    const visitor = await signedIn();
    const other = await signedIn();
    const token = /name="_csrf" value="([^"]+)"/.exec((await other.get(add())).text)![1]!;
    for (const forged of [{}, { _csrf: 'x' }, { _csrf: token }]) {
      expect((await visitor.post(add(), { ...fields, ...forged })).status).toBe(403);
    }
    expect(await database.sql`select 1 from checks where name = 'forged'`).toHaveLength(0);
  });

  it('are refused when the browser says that they come from elsewhere, even with a token', async () => {
    const visitor = await signedIn();
    const token = /name="_csrf" value="([^"]+)"/.exec((await visitor.get(add())).text)![1]!;
    const post = (headers: Record<string, string>) => visitor.post(add(), { ...fields, _csrf: token }, headers);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post({ 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ origin: 'null' })).status).toBe(403);
    expect((await post({ 'sec-fetch-site': 'same-origin', origin: site.url })).status).toBe(303);
  });

  it('signing in and out needs a token too', async () => {
    expect((await site.visitor().post('/accounts/login/', { email: EMAIL, password: PASSWORD })).status).toBe(403);
    const visitor = await signedIn();
    expect((await visitor.post('/accounts/logout/')).status).toBe(403);
    expect((await visitor.get('/accounts/profile/')).status).toBe(200);
    expect((await visitor.get('/accounts/logout/')).status).toBe(405);
  });
});

describe('sessions', () => {
  it('begin under a token of ours, never under the one that was brought along', async () => {
    const visitor = site.visitor();
    await visitor.get('/accounts/login/');
    const before = visitor.cookies.get('overdue_session');
    await visitor.signIn(EMAIL, PASSWORD);
    const after = visitor.cookies.get('overdue_session');
    expect(before).toBeDefined();
    expect(after).not.toBe(before);
    const rows = await database.sql`select 1 from sessions where encode(token_hash, 'escape') = ${after!}`;
    expect(rows).toHaveLength(0);
  });

  it('end at sign-out, for every copy of the cookie', async () => {
    const visitor = await signedIn();
    const copy = site.visitor();
    for (const [name, value] of visitor.cookies) copy.cookies.set(name, value);
    expect((await visitor.submit('/accounts/profile/', {}, '/accounts/logout/')).status).toBe(303);
    expect((await copy.get('/accounts/profile/')).status).toBe(302);
  });

  it('have cookies that scripts cannot read and other sites do not send along; over HTTPS they are Secure', async () => {
    const cookie = (await site.visitor().get('/accounts/login/')).headers.get('set-cookie');
    expect(cookie).toMatch(/^overdue_session=[\w-]{43}; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Lax$/);
    const https = await startTestSite(database, { env: { SITE_ROOT: 'https://mon.example.org', ALLOWED_HOSTS: '*' } });
    const secure = (await https.visitor().get('/accounts/login/')).headers.get('set-cookie');
    expect(secure).toMatch(/^__Host-overdue=[\w-]{43}; Max-Age=1209600; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    await https.close();
  });

  it('of others end when the password changes', async () => {
    const [here, there] = [await signedIn(), await signedIn()];
    const change = { action: 'password', current: PASSWORD, password: `${PASSWORD}!` };
    expect((await here.submit('/accounts/profile/', { ...change, current: 'wrong' })).status).toBe(400);
    expect((await here.submit('/accounts/profile/', { ...change, password: 'short' })).text).toContain('at least 8');
    expect((await here.submit('/accounts/profile/', change)).status).toBe(303);
    expect((await here.get('/accounts/profile/')).status).toBe(200);
    expect((await there.get('/accounts/profile/')).status).toBe(302);
    await here.submit('/accounts/profile/', { ...change, current: `${PASSWORD}!`, password: PASSWORD });
  });
});

describe('signing in', () => {
  it('says the same for every way in which it is wrong', async () => {
    const texts = new Set<string>();
    for (const [email, password] of [
      [EMAIL, 'wrong password'],
      ['nobody@example.org', PASSWORD],
      ['not an address', PASSWORD],
      [EMAIL, ''],
    ] as const) {
      const answer = await site.visitor().signIn(email, password);
      expect(answer.status).toBe(200);
      texts.add(/role="alert">([^<]+)</.exec(answer.text)![1]!);
    }
    expect([...texts]).toEqual(['The e-mail address or the password is wrong.']);
  });

  it('is refused after twenty failures, with 429 and Retry-After; a success does not count', async () => {
    await database.sql`delete from token_buckets`;
    for (let i = 0; i < 22; i++) expect((await site.visitor().signIn(EMAIL, PASSWORD)).status).toBe(303);
    for (let i = 0; i < 20; i++) expect((await site.visitor().signIn(EMAIL, 'wrong')).status).toBe(200);
    const refused = await site.visitor().signIn(EMAIL, PASSWORD);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('3600');
    await database.sql`delete from token_buckets`;
  });
});

describe('answers', () => {
  it('carry the security headers, errors too', async () => {
    for (const path of ['/accounts/login/', '/nope/', '/docs/']) {
      const { headers } = await site.visitor().get(path);
      const policy = headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  it('have no inline scripts or styles', async () => {
    const visitor = await signedIn();
    for (const path of [`/projects/${project}/checks/`, `/projects/${project}/checks/add/`, '/accounts/profile/']) {
      const { text } = await visitor.get(path);
      expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i);
    }
  });

  it('come under allowed host names only; addresses are fine while none was configured', async () => {
    const get = (host: string, on = site) => on.visitor().get('/accounts/login/', { host });
    expect((await get('evil.example')).status).toBe(400);
    expect((await get('localhost:8000')).status).toBe(200);
    expect((await get('192.168.1.7')).status).toBe(200);
    expect((await get('[::1]:8000')).status).toBe(200);
    const named = await startTestSite(database, { env: { SITE_ROOT: 'http://mon.example.org' } });
    expect((await get('mon.example.org', named)).status).toBe(200);
    expect((await get('192.168.1.7', named)).status).toBe(400);
    await named.close();
  });

  it.each([
    ['GET', '/nope/', 404],
    ['GET', '/checks/%E0%A4%A/log/', 400],
    ['POST', '/', 403],
    ['GET', '/accounts/logout/', 405],
  ])('%s %s is %i, as a page', async (method, path, status) => {
    const visitor = site.visitor();
    const answer = method === 'GET' ? await visitor.get(path) : await visitor.post(path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.text).toContain('To the start page');
  });

  it.each([
    ['', 302],
    ['/', 302],
    ['?x', 302],
    ['/accounts/login/?next=http://x/', 200],
    ['/api/v3/checks/', 401],
    ['/nope/', 404],
  ])('are the same for a whole URL, as to a proxy: …%s', async (path, status) => {
    const { port } = new URL(site.url);
    for (const start of ['http://127.0.0.1', 'HTTPS://mon.example.org:8000']) {
      const answer = get({ host: '127.0.0.1', port, path: start + path });
      const [response] = (await once(answer, 'response')) as [IncomingMessage];
      response.resume();
      expect([start, response.statusCode]).toEqual([start, status]);
    }
  });

  it('lead to the address with its last slash, on this host', async () => {
    expect(await site.visitor().get('/docs?x=1')).toMatchObject({ status: 301, location: '/docs/?x=1' });
    expect((await site.visitor().get('//evil.example/x')).status).toBe(404);
    expect((await site.visitor().get('/nope.txt')).status).toBe(404);
  });

  it('say that the database is away, and when to try again', async () => {
    const { target } = database;
    const away = connect({ target: { ...target, hosts: [{ host: '127.0.0.1', port: 9 }] }, applicationName: 'test' });
    const broken = await startTestSite(away);
    const visitor = broken.visitor();
    visitor.cookies.set('overdue_session', 'x'.repeat(43));
    const answer = await visitor.get('/');
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.text).toContain('The database does not answer.');
    expect((await visitor.get('/docs/', { cookie: '' })).status).toBe(200);
    await broken.close();
    await away.close(0);
  });

  it('are short for a form that is too long', async () => {
    const visitor = await signedIn();
    const answer = await visitor.post('/accounts/profile/', { x: 'y'.repeat(600_000) });
    expect(answer.status).toBe(413);
  });

  it('static files are kept for ever, under names that change with them', async () => {
    const { text } = await site.visitor().get('/accounts/login/');
    const path = /href="(\/static\/app\.[0-9a-f]{10}\.css)"/.exec(text)![1]!;
    const { status, headers } = await site.visitor().get(path);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await site.visitor().get('/static/app.0000000000.css')).status).toBe(404);
    expect((await site.visitor().get('/static/..%2fpackage.json')).status).toBe(404);
  });

  it('live under the path of SITE_ROOT when it has one', async () => {
    const prefixed = await startTestSite(database, { env: { SITE_ROOT: 'http://localhost/mon', ALLOWED_HOSTS: '*' } });
    const visitor = prefixed.visitor();
    expect((await visitor.get('/mon/')).location).toBe('/mon/accounts/login/');
    const page = await visitor.get('/mon/accounts/login/');
    expect(page.text).toContain('action="/mon/accounts/login/"');
    expect(page.text).toContain('href="/mon/static/app.');
    const answer = await visitor.submit('/mon/accounts/login/', { email: EMAIL, password: PASSWORD });
    expect(answer.location).toBe(`/mon/projects/${project}/checks/`);
    const list = await visitor.get(answer.location!);
    expect(list.status).toBe(200);
    expect(list.text.match(/(?:href|src|action|formaction)="\/(?!mon\/)[^"]*"/g)).toBeNull();
    expect((await visitor.get('/accounts/login/')).status).toBe(404);
    await prefixed.close();
  });
});
