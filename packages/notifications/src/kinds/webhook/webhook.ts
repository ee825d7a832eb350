import { tagList } from '@overdue/checks';
import { asciiJson } from '../../http/client.ts';
import { defineKind } from '../../kind.ts';
import { checkDocument } from '../../message/check-document.ts';
import type { Message } from '../../message/message.ts';
import { isoSeconds } from '../../message/words.ts';
import { failed, type TransportResult } from '../../result.ts';
import { icon } from './icon.ts';
import { latin1, percentEncode, substitute } from './placeholders.ts';
import { fields, fill, parse, schema, type WebhookValue } from './value.ts';

/** The header with the delivery id, the same in every attempt: receivers can tell a repetition by it. */
const DELIVERY_HEADER = 'Overdue-Delivery';

export const webhook = defineKind<WebhookValue>({
  kind: 'webhook',
  label: 'Webhook',
  blurb: 'Calls an HTTP address of yours, with what you want in it.',
  icon,
  enabled: (options) => options.webhooksEnabled,
  schema,
  wants: (value) => ({ down: value.url_down !== '', up: value.url_up !== '' }),
  describe: (value) => origin(value.url_down || value.url_up),
  form: { fields, editable: true, parse, fill },
  destination: (value, _, status) => origin(status === 'down' ? value.url_down : value.url_up),
  send,
});

async function send(message: Message<WebhookValue>): Promise<TransportResult> {
  const { facts, tools, value } = message;
  if (!tools.options.webhooksEnabled) return failed('Webhook notifications are not enabled.');
  const { url, method, body, headers } = message.down
    ? { url: value.url_down, method: value.method_down, body: value.body_down, headers: value.headers_down }
    : { url: value.url_up, method: value.method_up, body: value.body_up, headers: value.headers_up };
  if (url === '') return failed('Empty webhook URL');
  const texts = await placeholderValues(message, [url, body, ...Object.values(headers)].join('\n'));
  const inUrl = texts
    .filter(([name]) => name !== 'BODY' && name !== 'BODY_JSON')
    .map(([name, text]) => [name, PLAIN_IN_URL.has(name) ? text : percentEncode(text)] as const);
  const inHeaders = texts.filter(([name]) => name !== 'BODY' && name !== 'BODY_JSON');
  const sendsBody = method !== 'GET' && body !== '';
  return await tools.http.call({
    method,
    url: substitute(url, inUrl),
    headers: {
      [DELIVERY_HEADER]: facts.deliveryId,
      ...Object.fromEntries(
        Object.entries(headers).map(([name, template]) => [name, latin1(substitute(template, inHeaders))]),
      ),
    },
    ...(sendsBody ? { body: substitute(body, texts) } : {}),
  });
}

const PLAIN_IN_URL = new Set(['CODE', 'STATUS', 'SLUG', 'EXITSTATUS']);

/** Values of the placeholders in their order; what costs a query only when `templates` mention it. */
async function placeholderValues(message: Message<WebhookValue>, templates: string): Promise<[string, string][]> {
  const { facts, tools, now } = message;
  const { check, flip, lastPing } = facts;
  const json = templates.includes('$JSON')
    ? asciiJson(checkDocument(check, await message.channelCodes(), now, tools.options))
    : '';
  const body = templates.includes('$BODY') ? ((await message.lastBody())?.toString('utf8') ?? '') : '';
  return [
    ['CODE', check.code],
    ['STATUS', flip.newStatus],
    ['NOW', isoSeconds(flip.at)],
    ['NAME_JSON', asciiJson(check.name)],
    ['NAME', check.name],
    ['SLUG', check.slug],
    ['TAGS', check.tags],
    ['JSON', json],
    ['BODY_JSON', asciiJson(body)],
    ['BODY', body],
    ['EXITSTATUS', String(lastPing?.exitStatus ?? -1)],
    ...tagList(check.tags).map((tag, i): [string, string] => [`TAG${i + 1}`, tag]),
  ];
}

/** Scheme, host and port; placeholders in them are left as they are. */
function origin(url: string): string {
  return /^https?:\/\/(?:[^/?#@]*@)?([^/?#]+)/i.exec(url)?.[1]?.toLowerCase() ?? url;
}
