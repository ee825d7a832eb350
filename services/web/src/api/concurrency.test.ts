/** Requests that meet each other: nothing is lost, and what goes away meanwhile is an answer, not an error. */
import { beforeEach, describe, expect, test } from 'vitest';
import { meanwhile } from '../testing/meanwhile.ts';
import { useTestApi } from './compatibility/setup.ts';
import type { TestProject } from './testing.ts';

const context = useTestApi({ EMAIL_USE_VERIFICATION: 'True' });
let project: TestProject;
beforeEach(async () => {
  project = await context.api.project();
});
const post = (path: string, body: unknown = {}) =>
  context.api.call(`/api/v3/${path}`, { method: 'POST', key: project.rw, body });
const WEBHOOK = { kind: 'webhook', settings: { url_down: 'https://example.org/' } };

describe('one integration', () => {
  test('many updates at once, each of another setting: all are there', async () => {
    const { id } = (await post('channels/', WEBHOOK)).json;
    const settings = {
      url_down: 'https://example.org/down',
      url_up: 'https://example.org/up',
      method_down: 'POST',
      method_up: 'PUT',
      body_down: 'down',
      body_up: 'up',
      headers_down: { A: '1' },
      headers_up: { B: '2' },
    };
    const replies = await Promise.all(
      Object.entries(settings).map(([name, value]) => post(`channels/${id}`, { settings: { [name]: value } })),
    );
    expect(replies.map((reply) => reply.status)).toEqual(replies.map(() => 200));
    const [row] = await context.database.sql`select value, notify_up from channels where code = ${id}`;
    expect(row).toMatchObject({ value: settings, notify_up: true });
  });

  test('a confirmation while its settings are changed is kept', async () => {
    const settings = { value: 'ops@example.org', up: true, down: true };
    const { id } = (await post('channels/', { kind: 'email', settings })).json;
    const reply = await meanwhile(
      context.database,
      (tx) => tx`update channels set email_verified = true where code = ${id}`,
      () => post(`channels/${id}`, { settings: { up: false } }),
    );
    expect(reply.json).toMatchObject({ verified: true, notify_up: false });
  });

  test('settings are read when nobody else can change them any more', async () => {
    const { id } = (await post('channels/', WEBHOOK)).json;
    await meanwhile(
      context.database,
      (tx) => tx`update channels set value = value || '{"url_up": "https://example.org/up"}' where code = ${id}`,
      () => post(`channels/${id}`, { settings: { body_down: 'x' } }),
    );
    const [row] = await context.database.sql`select value from channels where code = ${id}`;
    expect(row!.value).toMatchObject({ url_up: 'https://example.org/up', body_down: 'x' });
  });
});

describe('deleted at the same moment', () => {
  test.each(['*', 'by UUID'] as const)('the integration of a check that is made: %s', async (how) => {
    const { id } = (await post('channels/', WEBHOOK)).json;
    const reply = await meanwhile(
      context.database,
      (tx) => tx`delete from channels where code = ${id}`,
      () => post('checks/', { channels: how === '*' ? '*' : id }),
    );
    if (how === '*') expect([reply.status, reply.json.channels]).toEqual([201, '']);
    else expect([reply.status, reply.json]).toEqual([400, { error: `invalid channel identifier: ${id}` }]);
  });

  test.each(['*', 'by UUID'] as const)('the integration of a check that is changed: %s', async (how) => {
    const { id } = (await post('channels/', WEBHOOK)).json;
    const { uuid } = (await post('checks/')).json;
    const reply = await meanwhile(
      context.database,
      (tx) => tx`delete from channels where code = ${id}`,
      () => post(`checks/${uuid}`, { channels: how === '*' ? '*' : id }),
    );
    if (how === '*') expect([reply.status, reply.json.channels]).toEqual([200, '']);
    else expect([reply.status, reply.json]).toEqual([400, { error: `invalid channel identifier: ${id}` }]);
  });

  test.each(['*', 'by UUID'] as const)('the check of an integration that is made: %s', async (how) => {
    const { uuid } = (await post('checks/')).json;
    const reply = await meanwhile(
      context.database,
      (tx) => tx`delete from checks where code = ${uuid}`,
      () => post('channels/', { ...WEBHOOK, checks: how === '*' ? '*' : [uuid] }),
    );
    if (how === '*') expect([reply.status, reply.json.checks]).toEqual([201, []]);
    else expect([reply.status, reply.json]).toEqual([400, { error: `invalid check identifier: ${uuid}` }]);
  });

  test('the check (M-52), or the integration, that is changed', async () => {
    const { id } = (await post('channels/', WEBHOOK)).json;
    const { uuid } = (await post('checks/')).json;
    const check = await meanwhile(
      context.database,
      (tx) => tx`delete from checks where code = ${uuid}`,
      () => post(`checks/${uuid}`, { name: 'x', channels: '*' }),
    );
    expect([check.status, check.text]).toEqual([404, '']);
    const channel = await meanwhile(
      context.database,
      (tx) => tx`delete from channels where code = ${id}`,
      () => post(`channels/${id}`, { name: 'x' }),
    );
    expect([channel.status, channel.text]).toEqual([404, '']);
  });
});

test('assigned by the check and by the integration at the same moment: once', async () => {
  const { id } = (await post('channels/', { ...WEBHOOK, checks: [] })).json;
  const { uuid } = (await post('checks/')).json;
  const reply = await meanwhile(
    context.database,
    (tx) => tx`
      insert into channel_checks (check_id, channel_id)
      select c.id, ch.id from checks c, channels ch where c.code = ${uuid} and ch.code = ${id}`,
    () => post(`channels/${id}`, { checks: [uuid] }),
  );
  expect([reply.status, reply.json.checks]).toEqual([200, [uuid]]);
});
