import { bootstrap, inviteMember, setPassword } from '@overdue/accounts';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { startSmtpReceiver } from '@overdue/notifications/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET_KEY, startTestSite, type TestSite, type Visitor } from '../testing.ts';

const ACCOUNT = { email: 'ops@example.org', password: 'correct horse battery' };
let database: TestDatabase;
let site: TestSite;
let visitor: Visitor;
let project: string;
let check: string;

beforeAll(async () => {
  database = await createTestDatabase();
  site = await startTestSite(database, {
    env: { SITE_NAME: 'Ops; and more', DEFAULT_FROM_EMAIL: '"Overdue" <alerts@example.org>', TWILIO_FROM: '+15550100' },
  });
  project = (await bootstrap(database, SECRET_KEY, { ...ACCOUNT, projectName: 'Backups' })).project.code;
  visitor = site.visitor();
  await visitor.signIn(ACCOUNT.email, ACCOUNT.password);
  const [row] = await database.sql<{ code: string }[]>`
    insert into checks (project_id, name, slug, tags, status, alert_after, last_ping, n_pings)
    select id, 'nightly', 'nightly', 'prod', 'down', null, now(), 1 from projects where code = ${project}
    returning code`;
  check = row!.code;
  await database.sql`
    insert into pings (check_id, n, id, created_at, kind, scheme, method, ua)
    select id, 1, gen_random_uuid(), now(), 'success', 'https', 'GET', 'curl' from checks where code = ${check}`;
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  await database.drop();
});

describe('addresses that scripts ask', () => {
  it('/?refresh=1 says the status of each project', async () => {
    expect(JSON.parse((await visitor.get('/?refresh=1')).text)).toEqual({
      [project]: { status: 'down', started: false },
    });
  });

  it('the menu has the projects by name', async () => {
    const { text } = await visitor.get('/projects/menu/');
    expect(text).toContain(`href="/projects/${project}/checks/"`);
    expect(text).toContain('Backups');
    expect(text).not.toContain('<html');
  });

  it('the log alone, by kind', async () => {
    const { text } = await visitor.get(`/checks/${check}/log_events/`);
    expect(text).toContain('id="ping-1"');
    expect(text).not.toContain('<html');
    expect((await visitor.get(`/checks/${check}/log_events/?show=fail`)).text).not.toContain('id="ping-1"');
  });

  it('are refused without a session', async () => {
    for (const path of ['/?refresh=1', '/projects/menu/', `/checks/${check}/log_events/`]) {
      expect([path, (await site.visitor().get(path)).status]).toEqual([path, 403]);
    }
  });

  it('the preview of a badge alone', async () => {
    const preview = (fields: Record<string, string>) =>
      visitor.submit('/accounts/profile/', fields, `/projects/${project}/badges/`);
    expect((await preview({ target: 'tag', tag: 'prod', fmt: 'svg', states: '2' })).text).toMatch(
      /src="\/badge\/[\w-]+\/[\w-]+\/prod\.svg"/,
    );
    expect((await preview({ target: 'check', check, fmt: 'shields', states: '3' })).text).toContain('img.shields.io');
    expect((await preview({ target: 'check', check: crypto.randomUUID() })).status).toBe(400);
    expect((await preview({ target: 'tag', tag: 'none such' })).status).toBe(400);
  });

  it('a token to sign up with', async () => {
    expect((await site.visitor().get('/accounts/signup/csrf/')).status).toBe(403);
    const smtp = await startSmtpReceiver();
    const open = await startTestSite(database, { env: smtp.env });
    const guest = open.visitor();
    const csrfmiddlewaretoken = (await guest.get('/accounts/signup/csrf/')).text;
    const fields = { identity: 'guest@example.org', tz: 'UTC', csrfmiddlewaretoken };
    expect((await guest.post('/accounts/signup/', fields)).status).toBe(303);
    await expect.poll(() => smtp.mails.length).toBe(1);
    await open.close();
    await smtp.close();
  });
});

describe('how ping URLs are shown', () => {
  it('is chosen in the address by who may write, and stays', async () => {
    const shown = async () =>
      (await database.sql`select show_slugs from projects where code = ${project}`)[0]!.show_slugs;
    expect((await visitor.get(`/projects/${project}/checks/?urls=slug`)).text).toContain('/nightly');
    expect(await shown()).toBe(true);
    expect((await visitor.get(`/checks/${check}/details/?urls=uuid`)).text).toContain(`/ping/${check}</code>`);
    expect(await shown()).toBe(false);
    await visitor.get(`/projects/${project}/checks/?urls=nonsense`);
    expect(await shown()).toBe(false);
    const [row] = await database.sql<{ id: number }[]>`select id from projects where code = ${project}`;
    await inviteMember(database, { projectId: row!.id, email: 'reader@example.org', role: 'r' });
    const [user] = await database.sql<{ id: number }[]>`select id from users where email = 'reader@example.org'`;
    await setPassword(database, { userId: user!.id, password: ACCOUNT.password });
    const reader = site.visitor();
    await reader.signIn('reader@example.org', ACCOUNT.password);
    expect((await reader.get(`/projects/${project}/checks/?urls=slug`)).status).toBe(200);
    expect(await shown()).toBe(false);
  });
});

describe('pages', () => {
  it('the contact card', async () => {
    const { text, headers } = await site.visitor().get('/contact.vcf');
    expect(headers.get('content-type')).toBe('text/vcard; charset=utf-8');
    expect(text.split('\r\n')).toEqual([
      'BEGIN:VCARD',
      'VERSION:3.0',
      'FN:Ops\\; and more',
      'N:;Ops\\; and more;;;',
      'EMAIL:alerts@example.org',
      'TEL:+15550100',
      'END:VCARD',
      '',
    ]);
  });

  it('how Prometheus reads the metrics, unless that is switched off', async () => {
    const path = `/projects/${project}/add_prometheus/`;
    expect((await visitor.get(path)).text).toContain(`metrics_path: /projects/${project}/metrics/`);
    const off = await startTestSite(database, { env: { PROMETHEUS_ENABLED: 'False' } });
    const other = off.visitor();
    await other.signIn(ACCOUNT.email, ACCOUNT.password);
    expect((await other.get(path)).status).toBe(404);
    await off.close();
  });

  it('of the account that are panels here', async () => {
    expect((await visitor.get('/accounts/set_password/')).location).toBe('/accounts/profile/#h-password');
    expect((await visitor.get('/accounts/profile/appearance/')).location).toBe('/accounts/profile/#h-preferences');
    const theme = { theme: 'dark' };
    await visitor.submit('/accounts/profile/', theme, '/accounts/profile/appearance/');
    expect((await visitor.get('/')).text).toContain('data-theme="dark"');
    const set = (fields: Record<string, string>) =>
      visitor.submit('/accounts/profile/', fields, '/accounts/set_password/');
    expect((await set({ password: 'another password' })).status).toBe(400);
    expect((await set({ current: ACCOUNT.password, password: 'another password' })).status).toBe(303);
    expect((await site.visitor().signIn(ACCOUNT.email, 'another password')).status).toBe(303);
  });
});
