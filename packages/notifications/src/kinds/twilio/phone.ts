import { checkboxInput, textInput } from '../../form-input.ts';
import type { HttpAnswer } from '../../http/client.ts';
import type { Field, Form, Parsed } from '../../kind.ts';
import type { NotificationOptions } from '../../options.ts';
import { permanent, type TransportResult } from '../../result.ts';

/** A phone number as people enter it; null: none. */
export function phoneInput(value: string | undefined): string | null {
  const number = [...textInput(value)].filter((char) => char > ' ' && char < '\u007f' && char !== '-').join('');
  return /^\+\d{5,15}$/.test(number) ? number : null;
}

export interface PhoneValue {
  readonly value: string;
  readonly up: boolean;
  readonly down: boolean;
}

const LABEL: Field = {
  name: 'label',
  label: 'Name',
  type: 'text',
  max: 100,
  help: 'Optional. Whose phone it is, for your list of integrations.',
};
const PHONE: Field = {
  name: 'phone',
  label: 'Phone number',
  type: 'text',
  required: true,
  placeholder: '+1234567890',
  help: 'With the country code.',
};

/** The form of SMS and WhatsApp. `up`: whether "up" is ticked at first. */
export function phoneForm(up: boolean): Form<PhoneValue> {
  return {
    editable: true,
    fields: [
      LABEL,
      PHONE,
      { name: 'down', label: 'When a check goes down', type: 'checkbox', initial: 'true' },
      { name: 'up', label: 'When a check comes back up', type: 'checkbox', initial: up ? 'true' : '' },
    ],
    parse(input): Parsed<PhoneValue> {
      const number = callParse(input);
      const down = checkboxInput(input.down);
      const wantsUp = checkboxInput(input.up);
      const errors: Record<string, string> = number.ok ? {} : { ...number.errors };
      if (!down && !wantsUp) errors.down = 'Please select at least one.';
      if (!number.ok || errors.down) return { ok: false, errors };
      return { ...number, value: { value: number.value.value, down, up: wantsUp } };
    },
    fill: ({ value, down, up: wantsUp }) => ({ phone: value, down: down ? 'true' : '', up: wantsUp ? 'true' : '' }),
  };
}

/** The form of calls: a number and its name. */
export const callForm: Form<{ readonly value: string }> = {
  editable: false,
  fields: [LABEL, PHONE],
  parse: callParse,
  fill: ({ value }) => ({ phone: value }),
};

function callParse(input: Readonly<Record<string, string | undefined>>): Parsed<{ value: string }> {
  const value = phoneInput(input.phone);
  const name = textInput(input.label);
  const errors: Record<string, string> = {};
  if (value === null) errors.phone = 'Invalid phone number format.';
  if ([...name].length > 100) errors.label = 'Ensure this value has at most 100 characters.';
  return value === null || errors.label ? { ok: false, errors } : { ok: true, name, value: { value } };
}

export const TWILIO_HOST = 'api.twilio.com';

type Twilio = NonNullable<NotificationOptions['twilio']>;

/** Address and authentication of a resource of the account. */
export function twilioCall(twilio: Twilio, resource: 'Messages' | 'Calls') {
  return {
    url: `https://${TWILIO_HOST}/2010-04-01/Accounts/${twilio.account}/${resource}.json`,
    headers: { Authorization: `Basic ${Buffer.from(`${twilio.account}:${twilio.auth}`).toString('base64')}` },
    onError: invalidNumber,
  };
}

/** Where Twilio reports what became of a message (management-api.md §11.3). */
export function statusCallback(siteRoot: string, deliveryId: string): string {
  return `${siteRoot}/api/v3/notifications/${deliveryId}/status`;
}

function invalidNumber({ status, body }: HttpAnswer): TransportResult | undefined {
  if (status !== 400) return undefined;
  try {
    return (JSON.parse(body) as { code?: unknown } | null)?.code === 21211
      ? permanent('Invalid phone number')
      : undefined;
  } catch {
    return undefined;
  }
}
