import { z } from 'zod';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { escapeXml, tidy } from '../../message/escape.ts';
import { failed } from '../../result.ts';
import { callForm, statusCallback, TWILIO_HOST, twilioCall } from './phone.ts';
import { countAgainstQuota } from './quota.ts';

export const call = defineKind<{ readonly value: string }>({
  kind: 'call',
  label: 'Phone Call',
  blurb: 'Calls a phone when a check goes down.',
  icon: tile('Ca', '#f22f46'),
  enabled: (options) => options.twilio !== undefined,
  schema: z.object({ value: z.string() }),
  wants: () => ({ down: true, up: false }),
  describe: ({ value }) => value,
  form: callForm,
  destination: () => TWILIO_HOST,
  async send(message) {
    const { tools, facts, value } = message;
    const { twilio, siteName, siteRoot } = tools.options;
    if (!twilio) return failed('Call notifications are not enabled');
    const text = tidy(`Hello! A message from ${siteName}: The check "${message.name}" is down.`);
    if (!(await countAgainstQuota(message, 'call', { what: 'Phone Call', recipient: value.value, text }))) {
      return failed('Monthly phone call limit exceeded');
    }
    return await tools.http.call({
      ...twilioCall(twilio, 'Calls'),
      form: {
        From: twilio.from,
        To: value.value,
        Twiml: `<Response><Say>${escapeXml(text)}</Say></Response>`,
        StatusCallback: statusCallback(siteRoot, facts.deliveryId),
      },
    });
  },
});
