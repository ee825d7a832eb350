import { asciiJson } from '../../http/client.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { failed } from '../../result.ts';
import { type PhoneValue, phoneForm, statusCallback, TWILIO_HOST, twilioCall } from './phone.ts';
import { countAgainstQuota } from './quota.ts';
import { phoneSchema, smsText } from './sms.ts';

export const whatsapp = defineKind<PhoneValue>({
  kind: 'whatsapp',
  label: 'WhatsApp',
  blurb: 'Sends a WhatsApp message.',
  icon: tile('W', '#25a653'),
  enabled: (options) => Boolean(options.twilio?.whatsapp),
  schema: phoneSchema,
  wants: ({ down, up }) => ({ down, up }),
  describe: ({ value, down, up }) => `${value}${down && up ? '' : down ? ' (down only)' : ' (up only)'}`,
  form: phoneForm(true),
  destination: () => TWILIO_HOST,
  async send(message) {
    const { tools, facts, value } = message;
    const { twilio, siteRoot } = tools.options;
    if (!twilio?.whatsapp) return failed('WhatsApp notifications are not enabled');
    // The message's own words are in a template at Twilio: the notice quotes the text message instead.
    const text = smsText(message);
    if (!(await countAgainstQuota(message, 'sms', { what: 'WhatsApp', recipient: value.value, text }))) {
      return failed('Monthly message limit exceeded');
    }
    return await tools.http.call({
      ...twilioCall(twilio, 'Messages'),
      form: {
        To: `whatsapp:${value.value}`,
        From: `whatsapp:${twilio.from}`,
        MessagingServiceSid: twilio.messagingServiceSid ?? '',
        ContentSid: message.down ? twilio.whatsapp.downContentSid : twilio.whatsapp.upContentSid,
        ContentVariables: asciiJson({ 1: message.name }),
        StatusCallback: statusCallback(siteRoot, facts.deliveryId),
      },
    });
  },
});
