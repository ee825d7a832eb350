import { randomUUID } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { z } from 'zod';
import { checkboxInput, textInput } from '../../form-input.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import type { Message } from '../../message/message.ts';
import { details, explanation, othersLines, status } from '../../message/phrases.ts';
import { RATE_LIMITED } from '../../message/rate-limit.ts';
import { failed, permanent, retry, sent, type TransportResult } from '../../result.ts';
import { type PhoneValue, phoneInput } from '../twilio/phone.ts';
import { phoneSchema } from '../twilio/sms.ts';
import { StyledText } from './styled-text.ts';

const TIMEOUT = 60_000;

export const signal = defineKind<PhoneValue>({
  kind: 'signal',
  label: 'Signal',
  blurb: 'Sends a Signal message.',
  icon: tile('Si', '#3a76f0'),
  enabled: (options) => options.signalCliSocket !== undefined,
  schema: phoneSchema,
  wants: ({ down, up }) => ({ down, up }),
  describe: ({ value, down, up }) => `${value}${down && up ? '' : down ? ' (down only)' : ' (up only)'}`,
  form: {
    editable: true,
    fields: [
      { name: 'label', label: 'Name', type: 'text', max: 100, help: 'Optional. For your list of integrations.' },
      {
        name: 'recipient',
        label: 'Phone number or username',
        type: 'text',
        required: true,
        placeholder: '+1234567890',
      },
      { name: 'down', label: 'When a check goes down', type: 'checkbox', initial: 'true' },
      { name: 'up', label: 'When a check comes back up', type: 'checkbox', initial: 'true' },
    ],
    parse(input) {
      const errors: Record<string, string> = {};
      const value = recipientInput(input.recipient);
      if (value === null) {
        const kind = textInput(input.recipient).includes('.') ? 'username' : 'phone number';
        errors.recipient = `Invalid ${kind} format.`;
      }
      const down = checkboxInput(input.down);
      const up = checkboxInput(input.up);
      if (!down && !up) errors.down = 'Please select at least one.';
      const name = textInput(input.label);
      if ([...name].length > 100) errors.label = 'Ensure this value has at most 100 characters.';
      if (value === null || Object.keys(errors).length > 0) return { ok: false, errors };
      return { ok: true, name, value: { value, down, up } };
    },
    fill: ({ value, down, up }) => ({ recipient: value, down: down ? 'true' : '', up: up ? 'true' : '' }),
  },
  destination: () => 'signal-cli',
  send,
});

function recipientInput(value: string | undefined): string | null {
  const text = [...textInput(value)].filter((char) => char > ' ' && char < '\u007f' && char !== '-').join('');
  if (!text.includes('.')) return phoneInput(text);
  return /^\w{3,48}\.\d{2,10}$/.test(text) ? text : null;
}

async function send(message: Message<PhoneValue>): Promise<TransportResult> {
  const { tools, value } = message;
  const { signalCliSocket } = tools.options;
  if (!signalCliSocket) return failed('Signal notifications are not enabled');
  if (!(await message.mayNotify('signal', value.value))) return RATE_LIMITED;
  const text = await messageText(message);
  const id = randomUUID();
  const request = {
    jsonrpc: '2.0',
    method: 'send',
    params: {
      recipient: [value.value.includes('.') ? `u:${value.value}` : value.value],
      message: text.text,
      textStyle: text.styles,
    },
    id,
  };
  return await ask(signalCliSocket, request, (delay, callback) => tools.clock.after(delay, callback));
}

async function messageText(message: Message<PhoneValue>): Promise<StyledText> {
  const out = new StyledText();
  out.plain('The check ').bold(message.name).plain(' is ').bold(status(message)).plain('.\n');
  const why = explanation(message);
  if (why) out.plain(`${why}\n`);
  out.plain('\n');
  for (const { label, value } of details(message)) {
    out.bold(`${label}: `);
    if (label === 'Schedule') out.monospace(value);
    else out.plain(value);
    out.plain('\n');
  }
  const [heading, ...others] = await othersLines(message, (other, age) => `${other.name}\n${age}`);
  if (heading) out.plain(`\n${heading}\n`);
  for (const line of others) {
    const [name, age] = line.split('\n');
    out.plain('- ').bold(name!).plain(` ${age}\n`);
  }
  return out.trimmed();
}

const replySchema = z.object({
  id: z.string().nullish(),
  error: z
    .object({
      code: z.number().optional(),
      data: z
        .object({
          response: z.object({ results: z.array(z.object({ type: z.string(), token: z.string().nullish() })) }),
        })
        .nullish()
        .catch(null),
    })
    .nullish(),
});

/** One call of signal-cli's JSON-RPC. */
function ask(
  address: string,
  request: { readonly id: string },
  after: (delay: number, callback: () => void) => { cancel(): void },
): Promise<TransportResult> {
  return new Promise((resolve) => {
    const [, host, port] = /^(.+):(\d+)$/.exec(address) ?? [];
    const socket: Socket = port ? createConnection(Number(port), host) : createConnection(address);
    const finish = (result: TransportResult) => {
      timer.cancel();
      socket.destroy();
      resolve(result);
    };
    const timer = after(TIMEOUT, () => finish(retry('signal-cli call timed out', { unreachable: true })));
    let received = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.end(`${JSON.stringify(request)}\n`));
    socket.on('data', (chunk: string) => {
      received += chunk;
      const lines = received.split('\n');
      received = lines.pop()!;
      for (const line of lines) {
        const result = judge(line, request.id);
        if (result) return finish(result);
      }
    });
    socket.on('end', () => finish(retry('signal-cli call failed (unexpected response)')));
    socket.on('error', (error) => finish(retry(`signal-cli call failed (${error.message})`, { unreachable: true })));
  });
}

/** What a line of the answer means; undefined: it is about something else. */
function judge(line: string, id: string): TransportResult | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return retry('signal-cli call failed (unexpected response)');
  }
  const reply = replySchema.safeParse(json);
  if (!reply.success) return retry('signal-cli call failed (unexpected response)');
  if (reply.data.id !== id) return undefined;
  const { error } = reply.data;
  if (!error) return sent();
  const results = error.data?.response.results ?? [];
  if (results.some((r) => r.type === 'UNREGISTERED_FAILURE')) return permanent('Recipient not found');
  if (results.some((r) => r.type === 'RATE_LIMIT_FAILURE' && r.token)) return failed('CAPTCHA proof required');
  return retry(`signal-cli call failed (${error.code ?? 0})`);
}
