import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Tools } from '../../message/message.ts';
import { facts, NOON, sendVia, tools } from '../../testing/fixtures.ts';
import { type HttpReceiver, startHttpReceiver } from '../../testing/receivers.ts';
import { latin1, percentEncode, substitute } from './placeholders.ts';
import { fill, parse, type WebhookValue } from './value.ts';
import { webhook } from './webhook.ts';

let receiver: HttpReceiver;
let with_: Tools;
beforeEach(async () => {
  receiver = await startHttpReceiver();
  with_ = tools();
});
afterEach(async () => {
  await with_.http.close();
  await receiver.close();
});

const value = (down: Partial<WebhookValue>): WebhookValue => ({
  method_down: 'GET',
  url_down: '',
  body_down: '',
  headers_down: {},
  method_up: 'GET',
  url_up: '',
  body_up: '',
  headers_up: {},
  name: '',
  ...down,
});

test('GET: no body, placeholders in the URL, the delivery id in a header', async () => {
  const about = facts('webhook', { check: { name: 'Ā b/c' } });
  await sendVia(about, value({ url_down: `${receiver.url}/$NAME/$STATUS?at=$NOW&t=$TAG2`, body_down: 'x' }), with_);
  expect(receiver.requests[0]).toMatchObject({
    method: 'GET',
    url: '/%C4%80%20b/c/down?at=2026-11-21T12%3A00%3A00%2B00%3A00&t=prod',
    body: '',
    headers: { 'overdue-delivery': about.deliveryId, 'user-agent': 'healthchecks.io' },
  });
});

test('POST: body and headers with placeholders, no content type of ours', async () => {
  const about = facts('webhook', { lastPing: { exitStatus: 3, kind: 'fail' } });
  await sendVia(
    about,
    value({
      method_down: 'POST',
      url_down: receiver.url,
      body_down: '$NAME|$NAME_JSON|$BODY|$BODY_JSON|$EXITSTATUS|$SLUG|$TAGS|$CODE',
      headers_down: { 'X-Name': '$NAME ā é', 'X-Body': '$BODY', Authorization: 'Bearer $TAG1' },
    }),
    with_,
    { body: Buffer.from('line "1"\nž') },
  );
  const [request] = receiver.requests;
  expect(request!.body).toBe(
    `Nightly <dump>|"Nightly <dump>"|line "1"\nž|"line \\"1\\"\\n\\u017e"|3|nightly-dump|db prod|${about.check.code}`,
  );
  expect(request!.headers).toMatchObject({
    'x-name': 'Nightly <dump> &#257; é',
    'x-body': '$BODY',
    authorization: 'Bearer db',
  });
  expect(request!.headers['content-type']).toBeUndefined();
});

test('$BODY is left alone in the URL; without a last ping it is empty and the exit status -1', async () => {
  const about = facts('webhook', { lastPing: null });
  await sendVia(
    about,
    value({ method_down: 'PUT', url_down: `${receiver.url}/$BODY?e=$EXITSTATUS`, body_down: '[$BODY][$BODY_JSON]' }),
    with_,
  );
  expect(receiver.requests[0]).toMatchObject({ method: 'PUT', url: '/$BODY?e=-1', body: '[][""]' });
});

test('$JSON is the check as API v3 shows it', async () => {
  const about = facts('webhook', { check: { last_duration_ms: 95_400, status: 'down' } });
  await sendVia(about, value({ method_down: 'POST', url_down: receiver.url, body_down: '$JSON' }), with_);
  const document = JSON.parse(receiver.requests[0]!.body);
  expect(Object.keys(document)).toEqual([
    'name',
    'slug',
    'tags',
    'desc',
    'grace',
    'n_pings',
    'status',
    'started',
    'last_ping',
    'next_ping',
    'manual_resume',
    'methods',
    'subject',
    'subject_fail',
    'start_kw',
    'success_kw',
    'failure_kw',
    'filter_subject',
    'filter_body',
    'filter_http_body',
    'filter_default_fail',
    'badge_url',
    'last_duration',
    'uuid',
    'ping_url',
    'update_url',
    'pause_url',
    'resume_url',
    'channels',
    'timeout',
  ]);
  expect(document).toMatchObject({
    status: 'down',
    last_ping: '2026-11-20T11:00:00+00:00',
    next_ping: null,
    last_duration: 95,
    ping_url: `https://ping.test/${about.check.code}`,
    pause_url: `https://site.test/api/v3/checks/${about.check.code}/pause`,
    channels: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
    timeout: 86_400,
  });
});

test('the status is that of the flip, not of the check', async () => {
  const about = facts('webhook', { check: { status: 'down' }, flip: { newStatus: 'up', oldStatus: 'down', at: NOON } });
  await sendVia(about, value({ url_up: `${receiver.url}/$STATUS` }), with_);
  expect(receiver.requests[0]!.url).toBe('/up');
});

test('switched off by configuration', async () => {
  const off = tools({ webhooksEnabled: false });
  expect(await sendVia(facts('webhook'), value({ url_down: receiver.url }), off)).toEqual({
    result: 'failed',
    error: 'Webhook notifications are not enabled.',
    disable: false,
  });
});

describe('substitution', () => {
  const values: [string, string][] = [
    ['NAME', ''],
    ['TAG1', 'foo'],
  ];
  test('happens once', () => {
    expect(substitute('$$NAMETAG1', values)).toBe('$TAG1');
    expect(
      substitute('$NAME', [
        ['NAME', '$TAG1'],
        ['TAG1', 'x'],
      ]),
    ).toBe('$TAG1');
  });
  test('$TAG10 is tag 1 and a zero; unknown ones stay', () => {
    expect(substitute('$TAG10 $TAG3 $foo $', values)).toBe('foo0 $TAG3 $foo $');
  });
  test('a template without placeholders is itself', () => {
    fc.assert(fc.property(fc.string(), (text) => substitute(text, []) === text));
  });
  test('percent-encoding', () => {
    expect(percentEncode("/aZ0_.-~ !'()*$&+ž")).toBe('/aZ0_.-~%20%21%27%28%29%2A%24%26%2B%C5%BE');
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => decodeURIComponent(percentEncode(text)) === text));
    expect(percentEncode('\ud800')).toBe('%EF%BF%BD');
  });
  test('characters outside Latin-1 become references', () => {
    expect(latin1('é ā 🔥')).toBe('é &#257; &#128293;');
  });
});

describe('the form', () => {
  test('what is entered is what is stored, and can be edited again', () => {
    const parsed = parse({
      name: ' Ops ',
      method_down: 'POST',
      url_down: 'example.org/hook',
      body_down: ' hello ',
      headers_down: 'A: b\n\n  C:  d:e  \nA: z',
      method_up: 'GET',
      url_up: '',
    });
    expect(parsed).toMatchObject({
      ok: true,
      name: 'Ops',
      value: {
        url_down: 'https://example.org/hook',
        headers_down: { A: 'z', C: 'd:e' },
        body_down: 'hello',
        url_up: '',
      },
    });
    const stored = (parsed as { value: WebhookValue }).value;
    expect(parse(fill(stored))).toEqual(parsed);
    expect(webhook.wants(stored)).toEqual({ down: true, up: false });
    expect(webhook.describe(stored)).toBe('example.org');
  });

  test.each([
    [{}, 'url_down'],
    [{ url_down: 'ftp://example.org' }, 'url_down'],
    [{ url_down: 'http://example:80.com/' }, 'url_down'],
    [{ url_down: 'http://[foo]/' }, 'url_down'],
    [{ url_down: 'http://a b/' }, 'url_down'],
    [{ url_up: `http://foo/${'x'.repeat(1000)}` }, 'url_up'],
    [{ url_down: 'http://foo', headers_down: 'no colon' }, 'headers_down'],
    [{ url_down: 'http://foo', headers_down: ': x' }, 'headers_down'],
    [{ url_down: 'http://foo', headers_down: 'Ā: x' }, 'headers_down'],
    [{ url_down: 'http://foo', headers_down: `A: ${'x'.repeat(1001)}` }, 'headers_down'],
    [{ url_down: 'http://foo', body_down: 'x'.repeat(1001) }, 'body_down'],
    [{ url_down: 'http://foo', method_down: 'DELETE' }, 'method_down'],
  ])('%j is refused at %s', (input, field) => {
    const parsed = parse(input);
    expect(parsed.ok).toBe(false);
    expect(Object.keys((parsed as { errors: object }).errors)).toEqual([field]);
  });

  test.each(['http://foo', 'http://localhost:1234/a', 'https://user:pass@example.org./x', 'http://1.2.3.4'])(
    '%s is fine',
    (url) => {
      expect(parse({ url_down: url })).toMatchObject({ ok: true, value: { url_down: url } });
    },
  );
});
