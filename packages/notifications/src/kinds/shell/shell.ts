import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { tagList } from '@overdue/checks';
import { z } from 'zod';
import { textInput } from '../../form-input.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import type { Message } from '../../message/message.ts';
import { isoSeconds } from '../../message/words.ts';
import { failed, retry, sent, type TransportResult } from '../../result.ts';
import { substitute } from '../webhook/placeholders.ts';

const schema = z.object({ cmd_down: z.string(), cmd_up: z.string() });
type ShellValue = z.infer<typeof schema>;

/** After this a command is ended, in milliseconds. The original waits for ever. */
const TIMEOUT = 600_000;

export const shell = defineKind<ShellValue>({
  kind: 'shell',
  label: 'Shell Command',
  blurb: 'Runs a command on the server, with its rights.',
  icon: tile('$', '#333a45'),
  enabled: (options) => options.shellEnabled,
  schema,
  wants: (value) => ({ down: value.cmd_down !== '', up: value.cmd_up !== '' }),
  describe: (value) => (value.cmd_down || value.cmd_up).slice(0, 60),
  summary: () => 'a command',
  form: {
    editable: false,
    fields: [
      { name: 'cmd_down', label: 'Run when a check goes down', type: 'text', max: 1000 },
      { name: 'cmd_up', label: 'Run when a check comes back up', type: 'text', max: 1000 },
    ],
    parse(input) {
      const value = { cmd_down: textInput(input.cmd_down), cmd_up: textInput(input.cmd_up) };
      const errors: Record<string, string> = {};
      for (const [name, text] of Object.entries(value)) {
        if ([...text].length > 1000) errors[name] = 'Ensure this value has at most 1000 characters.';
        if (text.includes('\0')) errors[name] = 'Null characters are not allowed.';
      }
      return Object.keys(errors).length > 0 ? { ok: false, errors } : { ok: true, value };
    },
    fill: (value) => ({ ...value }),
  },
  destination: () => 'shell',
  send,
});

async function send(message: Message<ShellValue>): Promise<TransportResult> {
  const { facts, tools, value } = message;
  if (!tools.options.shellEnabled) return failed('Shell commands are not enabled');
  const { check, flip } = facts;
  const command = substitute(message.down ? value.cmd_down : value.cmd_up, [
    ['CODE', check.code],
    ['STATUS', flip.newStatus],
    ['NOW', isoSeconds(flip.at)],
    ['NAME', quote(check.name)],
    ['TAGS', quote(check.tags)],
    ...tagList(check.tags).map((tag, i): [string, string] => [`TAG${i + 1}`, quote(tag)]),
  ]);
  return await new Promise((resolve) => {
    // The commands need not know what the product is configured with.
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: process.env.LANG };
    const child = spawn('/bin/sh', ['-c', command], { stdio: 'ignore', env });
    const timer = tools.clock.after(TIMEOUT, () => child.kill('SIGKILL'));
    child.once('error', (error) => {
      timer.cancel();
      resolve(retry(`Command could not be run: ${error.message}`));
    });
    child.once('exit', (code, signal) => {
      timer.cancel();
      // The raw wait status, as the original stores it: an exit code is in its second byte.
      if (code === 0) resolve(sent('exit code 0'));
      else resolve(failed(`Command returned exit code ${code === null ? constants.signals[signal!] : code * 256}`));
    });
  });
}

/** As one word of a POSIX shell. */
export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/\0/g, '').replace(/'/g, `'"'"'`)}'`;
}
