/** Outgoing e-mail: configuration.md section 5. */
import { derived, type Reader, setting } from '../setting.ts';
import { bool, int, text, textLike } from '../values/basic.ts';
import { Malformed, orOff, valueType } from '../values/value-type.ts';

const MAILERS: readonly Reader[] = ['web', 'sendalerts', 'sendreports'];

const SMTP_PORT = 587;

export const email = {
  EMAIL_HOST: setting(text(), '', {
    description: 'SMTP server. Empty: no mail at all, and no sign-in by mailed link.',
    readBy: MAILERS,
  }),
  EMAIL_PORT: setting(
    valueType({
      name: 'int',
      allowed: `a whole number from 1 to 65535, or None for ${SMTP_PORT}`,
      read: (value) => {
        if (value === 'None') return SMTP_PORT;
        const result = int(1, 65535).schema.safeParse(value);
        if (!result.success) throw new Malformed();
        return result.data;
      },
    }),
    SMTP_PORT,
    { description: 'Port of the SMTP server.', readBy: MAILERS },
  ),
  EMAIL_HOST_USER: setting(text(), '', { description: 'User at the SMTP server. Empty: none.', readBy: MAILERS }),
  EMAIL_HOST_PASSWORD: setting(text(), '', { description: 'Its password.', readBy: MAILERS, secret: true }),
  EMAIL_USE_SSL: setting(bool(), false, {
    description: 'TLS from the first byte (port 465). Not together with `EMAIL_USE_TLS`.',
    readBy: MAILERS,
  }),
  EMAIL_USE_TLS: derived(bool(), '`True`; with `EMAIL_USE_SSL` `False`', ({ EMAIL_USE_SSL }) => !EMAIL_USE_SSL, {
    description: 'STARTTLS, required.',
    readBy: MAILERS,
  }),
  DEFAULT_FROM_EMAIL: setting(
    textLike(/^[^\r\n]*[^\s@]@[^\s@][^\r\n]*$/, 'an address, or "Name" <address>'),
    'healthchecks@example.org',
    { description: 'From header and envelope sender; its domain is used in Message-ID.', readBy: MAILERS },
  ),
  EMAIL_USE_VERIFICATION: setting(bool(), true, {
    description: "New e-mail channels must be confirmed, except with the user's own address.",
    readBy: ['web'],
  }),
  EMAIL_MAIL_FROM_TMPL: setting(
    orOff(textLike(/^(?=[^\s@]+@[^\s@]+$)[^%]*%s[^%]*$/, 'an address with one %s, such as %s@bounces.example.org')),
    null,
    { description: 'Envelope sender with `%s` for the bounce id.', readBy: MAILERS },
  ),
};
