import { describe, expect, test } from 'vitest';
import { findKind, findKindByPath, KINDS } from '../kinds.ts';
import { OPTIONS } from '../testing/fixtures.ts';
import { CRON, KindWorld, UP, VALUES } from '../testing/kind-world.ts';

const world = new KindWorld();

describe.each(Object.keys(VALUES))('%s', (kind) => {
  test('sends, and never tells the UUID of a named check', async () => {
    for (const changes of [{}, UP, CRON]) {
      const wants = findKind(kind)!.wants(findKind(kind)!.schema.parse(VALUES[kind]));
      if (changes === UP && !wants.up) continue;
      expect(await world.send(kind, changes, { body: Buffer.from('a <b> & c') })).toMatchObject({ result: 'sent' });
    }
    const said = JSON.stringify(
      world.receiver.requests.map(({ url, body }) => ({ url, body: body.replace(/"client_url":"[^"]*"/, '') })),
    );
    expect(said).not.toContain('0d6f3c1e-5a1b');
    expect(said).not.toContain('\u00a0');
  });

  test('an unnamed check is called by its UUID; no last ping is "Never"', async () => {
    expect(await world.send(kind, { check: { name: '' }, lastPing: null })).toMatchObject({ result: 'sent' });
    expect(JSON.stringify(world.receiver.requests)).toContain('0d6f3c1e');
  });

  test('an error is tried again', async () => {
    world.receiver.answer = (_, response) => response.writeHead(503).end('oh');
    expect(await world.send(kind)).toMatchObject({
      result: 'retry',
      error: 'Received status code 503',
      unreachable: true,
    });
  });

  test('one that fails by itself does not speak for its host', async () => {
    world.receiver.answer = (_, response) => response.writeHead(500).end('oh');
    expect(await world.send(kind)).toEqual({ result: 'retry', error: 'Received status code 500' });
  });

  test('a value that cannot be read is no reason to throw', () => {
    for (const value of ['"{oops"', '{oops', null, 7, [], {}, { url: 'x', webhook: null }]) {
      expect(() => findKind(kind)!.schema.safeParse(value)).not.toThrow();
    }
  });

  test('what is stored can be edited and stored again', () => {
    const definition = findKind(kind)!;
    const value = definition.schema.parse(VALUES[kind]);
    const parsed = definition.form!.parse(definition.form!.fill(value));
    expect(parsed).toMatchObject({ ok: true });
    expect(definition.schema.parse((parsed as { value: unknown }).value)).toEqual(
      kind === 'telegram' ? { ...(value as object), type: 'private' } : value,
    );
    expect(definition.form!.parse({})).toMatchObject({ ok: false });
    expect(definition.describe(value)).not.toBe('');
  });
});

test.each([
  ['slack', 404, '', true],
  ['slack', 400, 'invalid_token', true],
  ['slack', 400, 'no_text', false],
  ['discord', 404, '', true],
  ['mattermost', 404, '', false],
  ['victorops', 404, '', true],
  ['po', 400, '{"user":"invalid"}', true],
  ['po', 400, '{"message":"cannot be blank"}', false],
  ['telegram', 403, '{"description":"Forbidden: bot was blocked by the user"}', true],
  ['telegram', 400, '{"description":"Bad Request: chat not found"}', true],
  ['telegram', 400, '{"description":"Bad Request: message is too long"}', false],
  ['googlechat', 404, '', false],
])('%s, status %i %s: permanent %s', async (kind, status, body, permanent) => {
  world.receiver.answer = (_, response) => response.writeHead(status).end(body);
  const result = await world.send(kind);
  expect(result).toMatchObject(permanent ? { result: 'failed', disable: true } : { result: 'retry' });
  expect((result as { error: string }).error).toContain(`Received status code ${status}`);
});

test.each([
  ['slack', 'Slack notifications are not enabled.'],
  ['mattermost', 'Mattermost notifications are not enabled.'],
  ['rocketchat', 'Rocket.Chat notifications are not enabled.'],
  ['msteamsw', 'MS Teams notifications are not enabled.'],
  ['zulip', 'Zulip notifications are not enabled.'],
  ['pd', 'PagerDuty notifications are not enabled.'],
  ['pagertree', 'PagerTree notifications are not enabled.'],
  ['opsgenie', 'Opsgenie notifications are not enabled.'],
  ['victorops', 'Splunk On-Call notifications are not enabled.'],
  ['spike', 'Spike notifications are not enabled.'],
])('%s switched off after it was added: %s', async (kind, error) => {
  const options = { disabledKinds: new Set([kind]) };
  expect(await world.send(kind, {}, {}, options)).toEqual({ result: 'failed', error, disable: false });
  expect(findKind(kind)!.enabled({ ...OPTIONS, ...options })).toBe(false);
  expect(world.receiver.requests).toHaveLength(0);
});

test.each(['telegram', 'ntfy', 'po'])('%s: not more than six a minute to one recipient', async (kind) => {
  expect(await world.send(kind, {}, { rateLimited: true })).toEqual({
    result: 'retry',
    error: 'Rate limit exceeded',
    retryAfter: 10_000,
  });
  expect(world.receiver.requests).toHaveLength(0);
});

test.each(['ntfy', 'gotify', 'spike', 'pagertree'])(
  '%s: a title has plain spaces, and none around it',
  async (kind) => {
    await world.send(kind, { ...UP, check: { name: ' a\u00a0b' } });
    expect(world.json().title).toBe('a b is UP');
  },
);

test('the registry', () => {
  expect(new Set(KINDS.map((kind) => kind.kind)).size).toBe(KINDS.length);
  for (const kind of KINDS) expect(kind.icon).toMatch(/^<svg .*<\/svg>$/s);
  expect(findKindByPath('msteams')?.kind).toBe('msteamsw');
  expect(findKindByPath('pushover')?.kind).toBe('po');
  expect(findKindByPath('webhook')?.kind).toBe('webhook');
  expect(findKindByPath('po')).toBeUndefined();
});
