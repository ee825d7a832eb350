import { z } from 'zod';
import { emailInput, INVALID_URL, textInput, urlInput } from '../../form-input.ts';
import { badStatus } from '../../http/client.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { escapeHtml, tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { downtimeSentence, link, status, title } from '../../message/phrases.ts';
import { reason } from '../../message/words.ts';
import { failed, type TransportResult } from '../../result.ts';
import { jsonField } from '../json-field.ts';
import { hostOf } from '../url-kind.ts';

const schema = z.object({
  bot_email: z.string(),
  api_key: z.string(),
  site: z.string().optional(),
  mtype: z.enum(['stream', 'private']),
  to: z.string(),
  topic: z.string().optional(),
});
type ZulipValue = z.infer<typeof schema>;

/** Old channels have no site: it was on the domain of the bot's address. */
const siteOf = (value: ZulipValue) => value.site || `https://${value.bot_email.split('@').at(-1)}`;

export const zulip = defineKind<ZulipValue>({
  kind: 'zulip',
  label: 'Zulip',
  blurb: 'Sends to a Zulip channel or person.',
  icon: tile('Z', '#6492fe'),
  enabled: (options) => !options.disabledKinds.has('zulip'),
  schema,
  wants: () => ({ down: true, up: true }),
  describe: (value) => (value.mtype === 'stream' ? `channel ${value.to}` : value.to),
  form: {
    editable: false,
    fields: [
      {
        name: 'bot_email',
        label: 'Bot e-mail',
        type: 'email',
        max: 100,
        required: true,
        help: 'email= in its zuliprc.',
      },
      {
        name: 'api_key',
        label: 'Bot API key',
        type: 'password',
        max: 50,
        required: true,
        help: 'key= in its zuliprc.',
        of: 'site',
      },
      { name: 'site', label: 'Zulip server', type: 'url', max: 100, required: true, help: 'site= in its zuliprc.' },
      {
        name: 'mtype',
        label: 'Send to',
        type: 'select',
        initial: 'stream',
        choices: [
          { value: 'stream', label: 'A channel' },
          { value: 'private', label: 'A person' },
        ],
      },
      {
        name: 'to',
        label: 'Channel name, or e-mail of the person',
        type: 'text',
        max: 100,
        required: true,
        of: 'mtype',
      },
      { name: 'topic', label: 'Topic', type: 'text', max: 100, help: 'Empty: one topic for each check and status.' },
    ],
    parse(input) {
      const errors: Record<string, string> = {};
      const bot_email = emailInput(input.bot_email) ?? '';
      if (!bot_email) errors.bot_email = 'Enter a valid email address.';
      const api_key = textInput(input.api_key);
      if (!api_key || api_key.length > 50) errors.api_key = 'Enter a key of at most 50 characters.';
      const site = urlInput(input.site, 100) ?? '';
      if (!site) errors.site = INVALID_URL;
      const mtype = input.mtype ?? 'stream';
      if (mtype !== 'stream' && mtype !== 'private') errors.mtype = 'Select a valid choice.';
      const to = textInput(input.to);
      if (!to || to.length > 100) errors.to = 'Enter at most 100 characters.';
      const topic = textInput(input.topic);
      if (topic.length > 100) errors.topic = 'Ensure this value has at most 100 characters.';
      if (Object.keys(errors).length > 0) return { ok: false, errors };
      return { ok: true, value: { bot_email, api_key, site, mtype: mtype as 'stream' | 'private', to, topic } };
    },
    fill: (value) => ({ ...value, site: siteOf(value), topic: value.topic ?? '' }),
  },
  destination: (value) => hostOf(siteOf(value)),
  send,
});

async function send(message: Message<ZulipValue>): Promise<TransportResult> {
  const { tools, value } = message;
  if (tools.options.disabledKinds.has('zulip')) return failed('Zulip notifications are not enabled.');
  const why = reason(message.facts);
  const down = downtimeSentence(message);
  const { desc } = message.facts.check;
  const content = [
    `[${escapeHtml(message.name)}](${link(message)}) is **${status(message)}**${why ? ` (${why})` : ''}.`,
    ...(down ? [down] : []),
    ...(desc ? ['', '---', '**Description**', escapeHtml(desc)] : []),
  ].join('\n');
  return await tools.http.call({
    url: `${siteOf(value).replace(/\/+$/, '')}/api/v1/messages`,
    headers: { Authorization: `Basic ${Buffer.from(`${value.bot_email}:${value.api_key}`).toString('base64')}` },
    form: {
      type: value.mtype,
      to: value.mtype === 'private' && /^\d+$/.test(value.to) ? `[${value.to}]` : value.to,
      topic: value.topic || title(message),
      content: tidy(content),
    },
    onError(answer) {
      const text = jsonField(answer.body, 'msg');
      return text === null
        ? undefined
        : badStatus(answer, `Received status code ${answer.status} with a message: "${text}"`);
    },
  });
}
