/** The site and who may use it: configuration.md section 2. */
import { derived, EVERYONE, LATER, setting } from '../setting.ts';
import { bool, list, optionalText, text, textLike } from '../values/basic.ts';
import { baseUrl, hostPort, isHostPattern } from '../values/network.ts';
import { orOff } from '../values/value-type.ts';

/** "It may be reached under this address" for a loopback SITE_ROOT means under each name of the loopback. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

function hostsOf(siteRoot: string): readonly string[] {
  const host = new URL(siteRoot).hostname;
  return LOOPBACK.includes(host) ? LOOPBACK : [host];
}

export const site = {
  SITE_ROOT: derived(baseUrl(), '`http://localhost:$PORT`', ({ PORT }) => `http://localhost:${PORT}`, {
    description:
      'Public address of `web`; every absolute link is made from it. One trailing slash is removed. With a path, the ' +
      'whole application is served under that path.',
    readBy: ['start', 'web', 'sendalerts', 'sendreports'],
  }),
  SITE_NAME: setting(text(), 'Overdue', {
    description: 'Name in pages, mails and messages. (The original says `Mychecks`.)',
    readBy: ['web', 'sendalerts', 'sendreports'],
  }),
  SITE_LOGO_URL: setting(optionalText(), null, {
    description: 'Logo: an absolute URL, or a path that starts with `/`. Unset: the built-in one.',
    readBy: ['web', 'sendalerts'],
  }),
  MASTER_BADGE_LABEL: derived(text(), '`$SITE_NAME`', ({ SITE_NAME }) => SITE_NAME, {
    description: 'Label of the overall badge.',
    readBy: ['web'],
  }),
  SECRET_KEY: setting(optionalText(), null, {
    description:
      'Signs sessions and links, keys the digests of API keys. At least 32 random characters. Unset: `npm start` ' +
      'generates one into `DATA_DIR`; `serve` requires it. Changing it invalidates sessions, links and API keys.',
    readBy: EVERYONE,
    secret: true,
  }),
  DEBUG: setting(bool(), false, {
    description: 'Development mode: details of errors in pages. Never in production. (The original defaults to True.)',
    readBy: ['web'],
  }),
  ALLOWED_HOSTS: derived(
    list('host names, .example.org for a domain and its subdomains, or *', isHostPattern),
    'host of `$SITE_ROOT`; for a loopback host each of `localhost`, `127.0.0.1`, `[::1]`',
    ({ SITE_ROOT }) => hostsOf(SITE_ROOT),
    {
      description: 'Host names under which the pages answer; `*` is any. The API, badges and pings answer under all.',
      readBy: ['web'],
    },
  ),
  REGISTRATION_OPEN: setting(bool(), true, {
    description: 'Anybody may sign up. Off: sign-up answers 403, invitations still create accounts.',
    readBy: ['web'],
  }),
  SUPPORT_EMAIL: setting(optionalText(), null, {
    description: 'Contact address on the sign-in page and in notices.',
    readBy: ['web'],
  }),
  ADMINS: setting(list('e-mail addresses'), [], {
    description: 'Addresses for operational messages.',
    ...LATER,
  }),
  SECURE_PROXY_SSL_HEADER: setting(optionalText(), null, {
    description:
      'Header and value by which the proxy says that the request was HTTPS: `HTTP_X_FORWARDED_PROTO,https`. Name in ' +
      'upper case with underscores and the prefix `HTTP_`.',
    readBy: ['web'],
  }),
  REMOTE_USER_HEADER: setting(optionalText(), null, {
    description:
      "Header with the e-mail of a user whom the proxy has authenticated, such as `HTTP_REMOTE_USER`. Replaces Overdue's " +
      'own sign-in; the proxy must remove this header from what clients send.',
    readBy: ['web'],
  }),
  RP_ID: setting(
    orOff(textLike(/^[A-Za-z0-9.-]+$/, 'a bare domain such as overdue.example.org, without scheme and port')),
    null,
    { description: 'Domain for security keys (WebAuthn). Unset: they are unavailable.', ...LATER },
  ),
  USE_PAYMENTS: setting(bool(), false, {
    description:
      'Lower limits for new accounts: 20 checks, no SMS, no calls, instead of 10000 of each. There is no billing.',
    ...LATER,
  }),
  METRICS_KEY: setting(optionalText(), null, {
    description: 'Key of the operational metrics endpoint, sent as `X-Metrics-Key`. Unset or wrong: 403.',
    readBy: ['web'],
    secret: true,
  }),
  STATSD_HOST: setting(orOff(hostPort(8125)), null, {
    description: 'UDP target of statsd metrics. Overdue offers Prometheus metrics on the admin ports instead.',
    ...LATER,
  }),
  PROMETHEUS_ENABLED: setting(bool(), true, {
    description: "Each project's metrics endpoint and its help page.",
    readBy: ['web'],
  }),
};
