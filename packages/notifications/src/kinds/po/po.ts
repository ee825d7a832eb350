import { uniqueKey } from '@overdue/checks';
import { z } from 'zod';
import { textInput } from '../../form-input.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { circle, detailLines, explanation, HTML, link, othersLines, title } from '../../message/phrases.ts';
import { RATE_LIMITED } from '../../message/rate-limit.ts';
import { failed, permanent, type TransportResult } from '../../result.ts';
import { jsonField } from '../json-field.ts';
import { priorityFields, priorityInput } from '../priorities.ts';

const CHOICES = [
  [2, 'Emergency'],
  [1, 'High'],
  [0, 'Normal'],
  [-1, 'Low'],
  [-2, 'Lowest'],
  [-3, 'Do not notify'],
] as const;
const DISABLED = -3;
const EMERGENCY = 2;

interface PushoverValue {
  readonly key: string;
  readonly down: number;
  readonly up: number;
}

/** The original stores `key|priority|priority when up`; older ones have two parts, one priority for both. */
const schema = z.preprocess(
  (stored) => {
    if (typeof stored !== 'string') return stored;
    const [key, down, up] = stored.split('|');
    return { key, down: Number(down), up: Number(up ?? down) };
  },
  z.object({ key: z.string(), down: z.int(), up: z.int() }),
) as z.ZodType<PushoverValue>;

const HOST = 'api.pushover.net';

const priorityName = (down: number) => (CHOICES.find(([n]) => n === down)?.[1] ?? 'Normal').toLowerCase();

export const po = defineKind<PushoverValue>({
  kind: 'po',
  label: 'Pushover',
  addPath: 'pushover',
  blurb: 'Pushes to phones with Pushover.',
  icon: tile('Po', '#249df1'),
  enabled: (options) => options.pushover !== null,
  schema,
  wants: ({ down, up }) => ({ down: down !== DISABLED, up: up !== DISABLED }),
  describe: ({ key, down }) => `${key.slice(0, 4)}… (${priorityName(down)} priority)`,
  summary: ({ down }) => `a user or group key (${priorityName(down)} priority)`,
  form: {
    editable: false,
    fields: [
      { name: 'key', label: 'User or group key', type: 'password', max: 50, required: true },
      ...priorityFields(['prio', 'prio_up'], CHOICES, 0),
    ],
    parse(input) {
      const key = textInput(input.key);
      const down = priorityInput(input.prio, CHOICES, 0);
      const up = priorityInput(input.prio_up, CHOICES, 0);
      const errors: Record<string, string> = {};
      if (!/^[A-Za-z0-9]{1,50}$/.test(key)) errors.key = 'Enter a key of letters and digits.';
      if (down === null) errors.prio = 'Select a valid choice.';
      if (up === null) errors.prio_up = 'Select a valid choice.';
      if (down === null || up === null || errors.key) return { ok: false, errors };
      return { ok: true, value: { key, down, up } };
    },
    fill: (value) => ({ key: value.key, prio: String(value.down), prio_up: String(value.up) }),
  },
  destination: () => HOST,
  send,
});

async function send(message: Message<PushoverValue>): Promise<TransportResult> {
  const { tools, value, facts } = message;
  const { pushover, siteName } = tools.options;
  if (!pushover) return failed('Pushover notifications are not enabled.');
  if (!(await message.mayNotify('pushover', value.key))) return RATE_LIMITED;
  const tag = uniqueKey(facts.check.code);
  if (!message.down && value.down === EMERGENCY) {
    const cancelled = await tools.http.call({
      url: `https://${HOST}/1/receipts/cancel_by_tag/${tag}.json`,
      form: { token: pushover.token },
    });
    if (cancelled.result !== 'sent') return cancelled;
  }
  const priority = message.down ? value.down : value.up;
  const why = explanation(message);
  const others = await othersLines(message, (other, age) => `• <b>${HTML.escape(other.name)}</b> ${age}`);
  const lines = [
    ...(why ? [why, ''] : []),
    ...detailLines(message, { ...HTML, code: (text) => text }),
    ...(others.length ? ['', ...others] : []),
  ];
  return await tools.http.call({
    url: `https://${HOST}/1/messages.json`,
    form: {
      token: pushover.token,
      user: value.key,
      message: tidy(lines.join('\n')),
      title: `${circle(message)} ${title(message)}`,
      html: '1',
      priority: String(priority),
      tags: tag,
      url: link(message),
      url_title: `View on ${siteName}`,
      ...(priority === EMERGENCY
        ? { retry: String(pushover.emergencyRetryDelay), expire: String(pushover.emergencyExpiration) }
        : {}),
    },
    onError: ({ status, body }) =>
      status === 400 && jsonField(body, 'user') === 'invalid'
        ? permanent('Received status code 400 (invalid user)')
        : undefined,
  });
}
