import { z } from 'zod';
import { INVALID_URL, textInput, urlInput } from '../../form-input.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { circle, explanation, link, MARKDOWN, othersLines, status, title } from '../../message/phrases.ts';
import { cloakedUrl } from '../../message/words.ts';
import type { TransportResult } from '../../result.ts';
import { priorityFields, priorityInput } from '../priorities.ts';
import { hostOf } from '../url-kind.ts';

const CHOICES = [
  [9, 'High'],
  [5, 'Normal'],
  [2, 'Low'],
  [0, 'Do not notify'],
] as const;

/** Old channels have no priorities: they always notify, with the server's default. */
const schema = z.object({
  url: z.string(),
  token: z.string(),
  priority: z.number().nullish(),
  priority_up: z.number().nullish(),
});
type GotifyValue = z.infer<typeof schema>;

export const gotify = defineKind<GotifyValue>({
  kind: 'gotify',
  label: 'Gotify',
  blurb: 'Sends to an application on your Gotify server.',
  icon: tile('G', '#3867d6'),
  enabled: () => true,
  schema,
  wants: (value) => ({ down: value.priority !== 0, up: value.priority_up !== 0 }),
  describe: (value) => hostOf(value.url),
  form: {
    editable: true,
    fields: [
      {
        name: 'url',
        label: 'Server',
        type: 'url',
        max: 1000,
        required: true,
        placeholder: 'https://gotify.example.org',
      },
      { name: 'token', label: 'Application token', type: 'password', max: 50, required: true, of: 'url' },
      ...priorityFields(['priority', 'priority_up'], CHOICES, 5),
    ],
    parse(input) {
      const errors: Record<string, string> = {};
      const url = urlInput(input.url);
      if (url === null) errors.url = INVALID_URL;
      const token = textInput(input.token);
      if (token === '' || token.length > 50) errors.token = 'Enter a token of at most 50 characters.';
      const priority = priorityInput(input.priority, CHOICES, 5);
      const priority_up = priorityInput(input.priority_up, CHOICES, 5);
      if (priority === null) errors.priority = 'Select a valid choice.';
      if (priority_up === null) errors.priority_up = 'Select a valid choice.';
      if (url === null || priority === null || priority_up === null || errors.token) return { ok: false, errors };
      return { ok: true, value: { url, token, priority, priority_up } };
    },
    fill: (value) => ({
      url: value.url,
      token: value.token,
      priority: String(value.priority ?? 5),
      priority_up: String(value.priority_up ?? 5),
    }),
  },
  destination: (value) => hostOf(value.url),
  send,
});

async function send(message: Message<GotifyValue>): Promise<TransportResult> {
  const { value, tools } = message;
  const priority = message.down ? value.priority : value.priority_up;
  const why = explanation(message);
  const { siteRoot } = tools.options;
  const others = await othersLines(
    message,
    (other, age) => `* [${MARKDOWN.escape(other.name)}](${cloakedUrl(siteRoot, other)}) ${age}`,
  );
  const head = `${circle(message)} [${MARKDOWN.escape(message.name)}](${link(message)}) is **${status(message)}**.`;
  const text = [head, ...(why ? [why] : []), ...(others.length ? ['', ...others] : [])];
  return await tools.http.call({
    url: `${value.url.replace(/\/?$/, '/')}message`,
    params: { token: value.token },
    json: {
      title: title(message),
      message: tidy(text.join('\n')),
      ...(priority == null ? {} : { priority }),
      extras: { 'client::display': { contentType: 'text/markdown' } },
    },
  });
}
