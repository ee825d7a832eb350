import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bootstrap } from '@overdue/accounts';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { channelToken, KINDS, unsubscribeLink } from '@overdue/notifications';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meanwhile } from '../../testing/meanwhile.ts';
import { SECRET_KEY, startTestSite, type TestSite, TWILIO_ENV, type Visitor } from '../../testing.ts';

let database: TestDatabase;
let receiver: Server;
let url: string;
let site: TestSite;
let visitor: Visitor;
let project: string;
let list: string;
const received: { method: string; body: string }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = createServer((req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () => {
      received.push({ method: req.method!, body });
      res.writeHead(req.url === '/broken' ? 500 : 204).end();
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  site = await startTestSite(database, {
    env: {
      INTEGRATIONS_ALLOW_PRIVATE_IPS: 'True',
      SIGNAL_CLI_SOCKET: '/tmp/socket',
      ...TWILIO_ENV,
    },
  });
  const account = { email: 'ops@example.org', password: 'correct horse battery' };
  project = (await bootstrap(database, SECRET_KEY, account)).project.code;
  list = `/projects/${project}/integrations/`;
  visitor = site.visitor();
  await visitor.signIn(account.email, account.password);
  await database.sql`insert into checks (project_id, name) select id, 'nightly' from projects where code = ${project}`;
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  receiver.closeAllConnections();
  receiver.close();
  await database.drop();
});

const newest = async () => (await database.sql`select * from channels order by id desc limit 1`)[0]!;
const flashOf = async () => /class="notice notice-(\w+)"[^>]*>([^<]*)</.exec((await visitor.get(list)).text)?.slice(1);

/** What a browser would send of the form with this address, when nothing is touched. */
function fieldsOf(page: string, action: string): Record<string, string> {
  const form = page.slice(page.indexOf(`action="${action}"`)).split('</form>')[0]!;
  const attribute = (tag: string, name: string) => text(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
  const fields: Record<string, string> = {};
  for (const [tag] of form.matchAll(/<input(?:"[^"]*"|[^">])*>/g)) {
    const isSent = attribute(tag, 'type') !== 'checkbox' || /\schecked/.test(tag);
    if (isSent) fields[attribute(tag, 'name')] = attribute(tag, 'value');
  }
  for (const [, tag, inner] of form.matchAll(/<textarea([^>]*)>([^<]*)</g)) {
    fields[attribute(tag!, 'name')] = text(inner!).replaceAll('\n', '\r\n');
  }
  for (const [, tag, options] of form.matchAll(/<select([^>]*)>(.*?)<\/select>/gs)) {
    const chosen = /<option[^>]*\sselected[^>]*>/.exec(options!)?.[0] ?? options!;
    fields[attribute(tag!, 'name')] = attribute(chosen, 'value');
  }
  return fields;
}

function text(html: string): string {
  const characters: Record<string, string> = { lt: '<', gt: '>', quot: '"', amp: '&' };
  return html.replace(/&(lt|gt|quot|amp);/g, (_, name: string) => characters[name]!);
}

describe('integrations', () => {
  it('webhook: added for all checks, tested, edited, removed', async () => {
    const form = `/projects/${project}/add_webhook/`;
    const fields = {
      name: 'Hook',
      method_down: 'POST',
      url_down: `${url}/hook`,
      body_down: '$NAME is $STATUS',
      method_up: 'GET',
    };
    expect((await visitor.submit(form, fields)).location).toBe(list);
    const channel = await newest();
    expect(channel).toMatchObject({ kind: 'webhook', name: 'Hook', notify_down: true, notify_up: false });
    expect(await database.sql`select 1 from channel_checks where channel_id = ${channel.id}`).toHaveLength(1);

    expect((await visitor.submit(list, {}, `/integrations/${channel.code}/test/`)).location).toBe(list);
    expect(received.at(-1)).toEqual({ method: 'POST', body: 'TEST is down' });
    expect(await flashOf()).toEqual(['success', 'The test notification to Hook was delivered.']);

    const edit = `/integrations/${channel.code}/edit/`;
    expect((await visitor.get(edit)).text).toContain(`value="${url}/hook"`);
    await visitor.submit(edit, { ...fields, url_down: `${url}/broken` });
    await visitor.submit(list, {}, `/integrations/${channel.code}/test/`);
    const [kind, text] = (await flashOf())!;
    expect([kind, text]).toEqual(['error', 'Could not send a test notification. Received status code 500.']);

    expect((await visitor.submit(`/integrations/${channel.code}/remove/`)).location).toBe(list);
    expect(await database.sql`select 1 from channels where code = ${channel.code}`).toHaveLength(0);
  });

  it('a form with mistakes comes back with what was entered', async () => {
    const form = `/projects/${project}/add_webhook/`;
    const answer = await visitor.submit(form, {
      name: 'Kept',
      url_down: 'ftp://example.org/',
      headers_down: 'no colon',
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('Enter a valid URL.');
    expect(answer.text).toContain('value="Kept"');
    expect(answer.text).toContain('>no colon</textarea>');
    expect((await visitor.get(`/projects/${project}/add_carrier_pigeon/`)).status).toBe(404);
  });

  it('every kind that is offered has a form, which says what is missing', async () => {
    const offered = [...(await visitor.get(list)).text.matchAll(/href="([^"]+\/add_(\w+)\/)" class="button"/g)];
    expect(offered.length).toBeGreaterThan(10);
    for (const [, form, kind] of offered) {
      expect([kind, (await visitor.get(form!)).status]).toEqual([kind, 200]);
      const answer = await visitor.submit(form!);
      expect([kind, answer.status, /class="field-error/.test(answer.text)]).toEqual([kind, 400, true]);
    }
  });

  it('e-mail: to oneself at once, to others after they opened the mailed link', async () => {
    const form = `/projects/${project}/add_email/`;
    await visitor.submit(form, { value: 'ops@example.org', down: 'true', up: 'true' });
    expect(await newest()).toMatchObject({ kind: 'email', email_verified: true });
    await visitor.submit(form, { value: 'boss@example.org', down: 'true' });
    const channel = await newest();
    expect(channel).toMatchObject({ email_verified: false, notify_down: true, notify_up: false });
    expect((await flashOf())![1]).toContain('no SMTP server is configured');
    expect((await visitor.get(list)).text).toContain('Unconfirmed');

    const anybody = site.visitor();
    const verify = (token: string) => anybody.get(`/integrations/${channel.code}/verify/${token}/`);
    expect((await verify('0'.repeat(64))).status).toBe(400);
    expect((await newest()).email_verified).toBe(false);
    expect((await verify(channelToken(SECRET_KEY, channel.code))).text).toContain('boss@example.org');
    expect((await newest()).email_verified).toBe(true);

    const edit = `/integrations/${channel.code}/edit/`;
    await visitor.submit(edit, { value: 'boss@example.org', down: 'true', up: 'true' });
    expect((await newest()).email_verified).toBe(true);
    await visitor.submit(edit, { value: 'other@example.org', down: 'true', up: 'true' });
    expect((await newest()).email_verified).toBe(false);
    // Confirmed while the form is being saved.
    await meanwhile(
      database,
      (tx) => tx`update channels set email_verified = true where code = ${channel.code}`,
      () => visitor.submit(edit, { value: 'other@example.org', down: 'true' }),
    );
    expect(await newest()).toMatchObject({ email_verified: true, notify_up: false });
  });

  it('unsubscribing asks first, needs no session, and switches the channel off', async () => {
    const channel = await newest();
    const link = new URL(unsubscribeLink(site.url, SECRET_KEY, channel.code, Date.now())).pathname;
    const anybody = site.visitor();
    expect((await anybody.get(link)).text).toContain('Stop these alerts?');
    expect((await newest()).disabled).toBe(false);
    // An old link's page sends itself: no mail scanner follows links that late (notifications.md §7.5).
    const sendsItself = async (ageMs: number) => {
      const url = new URL(unsubscribeLink(site.url, SECRET_KEY, channel.code, Date.now() - ageMs));
      return (await anybody.get(url.pathname)).text.includes('data-sends-itself');
    };
    expect([await sendsItself(0), await sendsItself(240_000), await sendsItself(302_000)]).toEqual([
      false,
      false,
      true,
    ]);
    expect((await anybody.post(link, { 'List-Unsubscribe': 'One-Click' })).status).toBe(200);
    expect((await newest()).disabled).toBe(true);
    expect((await anybody.post(`/integrations/${channel.code}/unsub/forged/`)).status).toBe(400);
    expect((await visitor.get(list)).text).toContain('Fix…');
  });

  it('which checks one is told about', async () => {
    const channel = await newest();
    const page = `/integrations/${channel.code}/checks/`;
    const [check] = await database.sql<{ code: string; id: number }[]>`select code, id from checks`;
    const assigned = () => database.sql`select 1 from channel_checks where channel_id = ${channel.id}`;
    await visitor.submit(page, { channel: channel.code }, list);
    expect(await assigned()).toHaveLength(0);
    await visitor.submit(page, { channel: channel.code, check: [check!.code] }, list);
    expect(await assigned()).toHaveLength(1);
    await visitor.submit(page, { channel: channel.code, [`check-${check!.code}`]: '1' }, list);
    expect(await assigned()).toHaveLength(1);
    const details = `/checks/${check!.code}/details/`;
    await visitor.submit(details, { state: 'off' }, `/checks/${check!.code}/channels/${channel.code}/enabled`);
    expect(await assigned()).toHaveLength(0);
  });

  describe('edited and saved as it stands, it is as it was', () => {
    const both = { down: true, up: false };
    const values: Record<string, object> = {
      email: { value: 'ops@example.org', ...both },
      gotify: { url: 'https://gotify.test', token: 't', priority: 9, priority_up: 0 },
      ntfy: { topic: 't', url: 'https://ntfy.test', token: 's', priority: 5, priority_up: 0 },
      signal: { value: 'name.01', ...both },
      sms: { value: '+15550123', ...both },
      webhook: {
        method_down: 'PUT',
        url_down: 'https://hooks.test/?a=1&b="<$NAME>"',
        body_down: '{"a": "<b>&amp;"}\n\nb',
        headers_down: { 'X-Long': '1', B: '2', A: '"3"' },
        method_up: 'GET',
        url_up: '',
        body_up: '',
        headers_up: {},
        name: 'Its & name',
      },
      whatsapp: { value: '+15550123', ...both },
    };
    it('no kind that can be edited is left out', () => {
      const editable = KINDS.filter((kind) => kind.form?.editable).map(({ kind }) => kind);
      expect(editable.sort()).toEqual(Object.keys(values).sort());
    });
    it.each(Object.entries(values))('%s', async (kind, value) => {
      await database.sql`
        with made as (
          insert into channels (project_id, kind, name, value, email_verified, notify_up)
          select id, ${kind}, 'Its & name', ${database.sql.json(value as never)}, ${kind === 'email'}, false
          from projects where code = ${project} returning id
        ) insert into channel_checks (check_id, channel_id) select c.id, made.id from checks c, made`;
      const before = await newest();
      const edit = `/integrations/${before.code}/edit/`;
      expect((await visitor.submit(edit, fieldsOf((await visitor.get(edit)).text, edit))).location).toBe(list);
      expect(await newest()).toEqual(before);
      const links = await database.sql`delete from channel_checks where channel_id = ${before.id} returning 1`;
      expect(links).toHaveLength(1);
      await database.sql`delete from channels where id = ${before.id}`;
    });
  });

  it('a message that was given up is shown, and sent again on request', async () => {
    const [check] = await database.sql<{ code: string; id: number }[]>`select code, id from checks`;
    const [flip] = await database.sql<{ id: number }[]>`
      insert into flips (check_id, created_at, old_status, new_status, reason)
      values (${check!.id}, now(), 'up', 'down', 'timeout') returning id`;
    const [message] = await database.sql<{ id: number }[]>`
      insert into notifications (flip_id, check_id, channel_id, check_status, state, attempts, error, finished_at)
      values (${flip!.id}, ${check!.id}, ${(await newest()).id}, 'down', 'failed', 7, 'Connection timed out', now())
      returning id`;
    const state = async () =>
      (await database.sql<{ state: string }[]>`select state from notifications where id = ${message!.id}`)[0]!.state;
    const resend = () => visitor.submit(list, { message: String(message!.id) }, `/projects/${project}/resend/`);
    expect((await visitor.get(list)).text).toContain('Connection timed out');
    // Sent to an integration that is switched off, it would be dropped, and be on no list any more.
    await database.sql`update channels set disabled = true`;
    const off = await visitor.get(list);
    expect(off.text).toContain('The integration is switched off.');
    expect(off.text).not.toContain('Send again');
    await resend();
    expect(await state()).toBe('failed');
    await database.sql`update channels set disabled = false`;
    await resend();
    expect(await state()).toBe('owed');
    const why = await visitor.get(`/checks/${check!.code}/explain/?at=${Date.now()}`);
    expect(why.text).toContain('It went from up to down');
  });
});
