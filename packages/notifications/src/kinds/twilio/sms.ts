import { z } from 'zod';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { downtimeSentence, status } from '../../message/phrases.ts';
import { reason } from '../../message/words.ts';
import { failed } from '../../result.ts';
import { type PhoneValue, phoneForm, statusCallback, TWILIO_HOST, twilioCall } from './phone.ts';
import { countAgainstQuota } from './quota.ts';

/** A missing flag is off (integrations.md 0.1 rule 5). */
export const phoneSchema = z.object({
  value: z.string(),
  up: z.boolean().default(false),
  down: z.boolean().default(false),
}) as unknown as z.ZodType<PhoneValue>;

export const sms = defineKind<PhoneValue>({
  kind: 'sms',
  label: 'SMS',
  blurb: 'Sends a text message.',
  icon: tile('SM', '#f22f46'),
  enabled: (options) => options.twilio !== undefined,
  schema: phoneSchema,
  wants: ({ down, up }) => ({ down, up }),
  describe: ({ value, down, up }) => `${value}${down && up ? '' : down ? ' (down only)' : ' (up only)'}`,
  form: phoneForm(false),
  destination: () => TWILIO_HOST,
  async send(message) {
    const { tools, facts, value } = message;
    const { twilio, siteRoot } = tools.options;
    if (!twilio) return failed('SMS notifications are not enabled');
    const text = smsText(message);
    if (!(await countAgainstQuota(message, 'sms', { what: 'SMS', recipient: value.value, text }))) {
      return failed('Monthly SMS limit exceeded');
    }
    return await tools.http.call({
      ...twilioCall(twilio, 'Messages'),
      form: {
        To: value.value,
        Body: text,
        StatusCallback: statusCallback(siteRoot, facts.deliveryId),
        RiskCheck: 'disable',
        ...(twilio.messagingServiceSid ? { MessagingServiceSid: twilio.messagingServiceSid } : { From: twilio.from }),
      },
    });
  },
});

/** What the text message says. */
export function smsText(message: Message): string {
  const { siteName } = message.tools.options;
  const why = reason(message.facts);
  const down = downtimeSentence(message);
  return tidy(
    `${siteName}: The check "${message.name}" is ${status(message)}${why ? ` (${why})` : ''}.${down ? ` ${down}` : ''}`,
  );
}
