import { z } from 'zod';
import { textInput } from '../../form-input.ts';
import { badStatus, type HttpAnswer } from '../../http/client.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { escapeHtml, tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { circle, detailLines, downtimeSentence, HTML, link, othersLines, status } from '../../message/phrases.ts';
import { RATE_LIMITED } from '../../message/rate-limit.ts';
import { cloakedUrl, reason } from '../../message/words.ts';
import { failed, permanent, type TransportResult } from '../../result.ts';

const schema = z.object({
  id: z.number(),
  type: z.string().optional(),
  name: z.string().nullish(),
  thread_id: z.number().nullish(),
});
type TelegramValue = z.infer<typeof schema>;

const HOST = 'api.telegram.org';

/** Telegram's words for chats that no message will ever reach again. */
const GONE = new Set([
  'Forbidden: the group chat was deleted',
  'Forbidden: bot was blocked by the user',
  'Forbidden: user is deactivated',
  'Forbidden: bot was kicked from the group chat',
  'Forbidden: bot was kicked from the supergroup chat',
  'Bad Request: chat not found',
]);

export const telegram = defineKind<TelegramValue>({
  kind: 'telegram',
  label: 'Telegram',
  blurb: 'Sends to a Telegram chat, group or channel.',
  icon: tile('T', '#29a9eb'),
  enabled: (options) => options.telegramToken !== null,
  schema,
  wants: () => ({ down: true, up: true }),
  describe: (value) => value.name || `chat ${value.id}`,
  form: {
    editable: false,
    fields: [
      {
        name: 'id',
        label: 'Chat id',
        type: 'text',
        required: true,
        max: 32,
        help: 'Add the bot to the chat first. Numbers of groups and channels begin with a minus sign.',
      },
      {
        name: 'thread_id',
        label: 'Topic id',
        type: 'text',
        max: 32,
        help: 'Only for groups with topics.',
        of: 'id',
      },
      {
        name: 'name',
        label: 'Name of the chat',
        type: 'text',
        max: 100,
        help: 'For your list of integrations.',
        of: 'id',
      },
    ],
    parse(input) {
      const id = textInput(input.id);
      const thread = textInput(input.thread_id);
      const name = textInput(input.name);
      const errors: Record<string, string> = {};
      if (!/^-?\d{1,15}$/.test(id)) errors.id = 'Enter the number of a chat.';
      if (thread !== '' && !/^\d{1,15}$/.test(thread)) errors.thread_id = 'Enter a number.';
      if ([...name].length > 100) errors.name = 'Ensure this value has at most 100 characters.';
      if (Object.keys(errors).length > 0) return { ok: false, errors };
      return {
        ok: true,
        name,
        value: { id: Number(id), type: 'private', name, thread_id: thread === '' ? null : Number(thread) },
      };
    },
    fill: (value) => ({ id: String(value.id), thread_id: String(value.thread_id ?? ''), name: value.name ?? '' }),
  },
  destination: () => HOST,
  send,
});

async function send(message: Message<TelegramValue>): Promise<TransportResult> {
  const { tools, value } = message;
  if (!tools.options.telegramToken) return failed('Telegram notifications are not enabled.');
  if (!(await message.mayNotify('telegram', String(value.id)))) return RATE_LIMITED;
  const text = await messageText(message);
  let migratedTo: number | undefined;
  const post = (chat: number, threadId: number | null) =>
    tools.http.call({
      url: `https://${HOST}/bot${tools.options.telegramToken}/sendMessage`,
      json: { chat_id: chat, message_thread_id: threadId, text, parse_mode: 'html' },
      onError(answer) {
        migratedTo = migration(answer);
        return judge(answer);
      },
    });
  const result = await post(value.id, value.thread_id ?? null);
  if (migratedTo === undefined) return result;
  // The group became a supergroup, which has another number.
  await tools.sql`
    update channels set value = jsonb_set(value, '{id}', to_jsonb(${migratedTo}::bigint))
    where id = ${message.facts.channel.id}`;
  return await post(migratedTo, value.thread_id ?? null);
}

async function messageText(message: Message<TelegramValue>): Promise<string> {
  const why = reason(message.facts);
  const { siteRoot } = message.tools.options;
  const name = `<a href="${link(message)}">${escapeHtml(message.name)}</a>`;
  const head = `${circle(message)} ${name} is <b>${status(message)}</b>${why ? ` (${why})` : ''}.`;
  const body = await message.lastBodyText(1000);
  const others = await othersLines(
    message,
    (other, age) => `• <a href="${cloakedUrl(siteRoot, other)}">${escapeHtml(other.name)}</a> ${age}`,
  );
  const down = downtimeSentence(message);
  return tidy(
    [
      head,
      ...(down ? [down] : []),
      '',
      ...detailLines(message, HTML),
      ...(body ? ['<b>Last Ping Body:</b>', `<pre>${escapeHtml(body)}</pre>`] : []),
      ...(others.length ? ['', ...others] : []),
    ].join('\n'),
  );
}

interface TelegramAnswer {
  readonly description?: unknown;
  readonly parameters?: { readonly migrate_to_chat_id?: unknown; readonly retry_after?: unknown };
}

function parse(answer: HttpAnswer): TelegramAnswer {
  try {
    return (JSON.parse(answer.body) as TelegramAnswer | null) ?? {};
  } catch {
    return {};
  }
}

function migration(answer: HttpAnswer): number | undefined {
  const id = parse(answer).parameters?.migrate_to_chat_id;
  return typeof id === 'number' ? id : undefined;
}

function judge(answer: HttpAnswer): TransportResult {
  const { description, parameters } = parse(answer);
  const text = `Received status code ${answer.status}`;
  if (typeof description !== 'string') return badStatus(answer);
  const full = `${text} with a message: "${description}"`;
  if (GONE.has(description)) return permanent(full);
  const wait = parameters?.retry_after;
  const result = badStatus(answer, full);
  return typeof wait === 'number' && result.result === 'retry' ? { ...result, retryAfter: wait * 1000 } : result;
}
