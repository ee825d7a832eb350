import { z } from 'zod';
import { INVALID_URL, textInput, urlInput } from '../../form-input.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { detailLines, explanation, link, MARKDOWN, othersLines, title } from '../../message/phrases.ts';
import { RATE_LIMITED } from '../../message/rate-limit.ts';
import type { TransportResult } from '../../result.ts';
import { priorityFields, priorityInput } from '../priorities.ts';
import { hostOf } from '../url-kind.ts';

const CHOICES = [
  [5, 'Max'],
  [4, 'High'],
  [3, 'Default'],
  [2, 'Low'],
  [1, 'Min'],
  [0, 'Do not notify'],
] as const;

const schema = z.object({
  topic: z.string(),
  url: z.string(),
  token: z.string().nullish(),
  priority: z.number(),
  priority_up: z.number(),
});
type NtfyValue = z.infer<typeof schema>;

export const ntfy = defineKind<NtfyValue>({
  kind: 'ntfy',
  label: 'ntfy',
  blurb: 'Publishes to a topic on ntfy.sh or your own ntfy server.',
  icon: tile('n', '#317f6f'),
  enabled: () => true,
  schema,
  wants: (value) => ({ down: value.priority !== 0, up: value.priority_up !== 0 }),
  describe: (value) => `${value.topic} on ${hostOf(value.url)}`,
  form: {
    editable: true,
    fields: [
      { name: 'topic', label: 'Topic', type: 'text', max: 64, required: true },
      { name: 'url', label: 'Server', type: 'url', max: 1000, required: true, initial: 'https://ntfy.sh' },
      {
        name: 'token',
        label: 'Access token',
        type: 'password',
        max: 100,
        help: 'Only for protected topics.',
        of: 'url',
      },
      ...priorityFields(['priority', 'priority_up'], CHOICES, 3),
    ],
    parse(input) {
      const errors: Record<string, string> = {};
      const topic = textInput(input.topic);
      if (topic === '' || topic.length > 64) errors.topic = 'Enter a topic of at most 64 characters.';
      const url = urlInput(input.url);
      if (url === null) errors.url = INVALID_URL;
      const token = textInput(input.token);
      if (token.length > 100) errors.token = 'Ensure this value has at most 100 characters.';
      const priority = priorityInput(input.priority, CHOICES, 3);
      const priority_up = priorityInput(input.priority_up, CHOICES, 3);
      if (priority === null) errors.priority = 'Select a valid choice.';
      if (priority_up === null) errors.priority_up = 'Select a valid choice.';
      if (url === null || priority === null || priority_up === null || Object.keys(errors).length > 0) {
        return { ok: false, errors };
      }
      return { ok: true, value: { topic, url, token: token || null, priority, priority_up } };
    },
    fill: (value) => ({
      topic: value.topic,
      url: value.url,
      token: value.token ?? '',
      priority: String(value.priority),
      priority_up: String(value.priority_up),
    }),
  },
  destination: (value) => hostOf(value.url),
  send,
});

async function send(message: Message<NtfyValue>): Promise<TransportResult> {
  const { value, tools } = message;
  if (!(await message.mayNotify('ntfy', `${value.url}|${value.topic}`))) return RATE_LIMITED;
  const token = value.token || (value.url === 'https://ntfy.sh' ? tools.options.ntfyShToken : null);
  const why = explanation(message);
  const others = await othersLines(message, (other, age) => `* **${MARKDOWN.escape(other.name)}** ${age}`);
  const text = [
    ...(why ? [why, ''] : []),
    ...detailLines(message, MARKDOWN),
    ...(others.length ? ['', ...others] : []),
  ];
  return await tools.http.call({
    url: value.url,
    ...(token ? { headers: { Authorization: `Bearer ${token}` } } : {}),
    json: {
      topic: value.topic,
      priority: message.down ? value.priority : value.priority_up,
      title: title(message),
      message: tidy(text.join('\n')),
      markdown: true,
      tags: [message.down ? 'red_circle' : 'green_circle'],
      actions: [{ action: 'view', label: `View on ${tools.options.siteName}`, url: link(message) }],
    },
  });
}
