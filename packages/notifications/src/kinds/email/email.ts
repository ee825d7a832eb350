import { checkboxInput, emailInput } from '../../form-input.ts';
import { defineKind } from '../../kind.ts';
import { bounceId, unsubscribeLink } from '../../links.ts';
import type { Message } from '../../message/message.ts';
import { failed, type TransportResult } from '../../result.ts';
import { alertMail } from './alert-mail.ts';
import { icon } from './icon.ts';
import { type EmailValue, schema } from './value.ts';

export const email = defineKind<EmailValue>({
  kind: 'email',
  label: 'Email',
  blurb: 'Sends an e-mail.',
  icon,
  enabled: () => true,
  schema,
  wants: ({ down, up }) => ({ down, up }),
  describe: ({ value, down, up }) => `${value}${down && up ? '' : down ? ' (down only)' : ' (up only)'}`,
  form: {
    editable: true,
    fields: [
      {
        name: 'value',
        label: 'Email address',
        type: 'email',
        max: 100,
        required: true,
        placeholder: 'ops@example.org',
      },
      { name: 'down', label: 'When a check goes down', type: 'checkbox', initial: 'true' },
      { name: 'up', label: 'When a check comes back up', type: 'checkbox', initial: 'true' },
    ],
    parse(input) {
      const value = emailInput(input.value);
      const down = checkboxInput(input.down);
      const up = checkboxInput(input.up);
      const errors: Record<string, string> = {};
      if (value === null) errors.value = 'Enter a valid email address.';
      if (!down && !up) errors.down = 'Please select at least one.';
      return value === null || errors.down ? { ok: false, errors } : { ok: true, value: { value, down, up } };
    },
    fill: ({ value, down, up }) => ({ value, down: down ? 'true' : '', up: up ? 'true' : '' }),
  },
  // One server takes all mail: it is up or down as one.
  destination: (_, options) => `smtp ${options.email.host}:${options.email.port}`,
  send,
});

async function send(message: Message<EmailValue>): Promise<TransportResult> {
  const { facts, tools, value, now } = message;
  const { siteRoot, secretKey } = tools.options;
  if (!facts.channel.emailVerified) return failed('Email not verified');
  const unsubscribe = unsubscribeLink(siteRoot, secretKey, facts.channel.code, now);
  const mail = await alertMail(message, unsubscribe);
  return await tools.mailer.send({
    to: value.value,
    ...mail,
    id: facts.deliveryId,
    bounceId: bounceId(secretKey, 'n', facts.deliveryId, now),
    headers: { 'List-Unsubscribe': `<${unsubscribe}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
  });
}
