/** Where the processes listen, where they keep things, how they log and stop. */
import { resolve } from 'node:path';
import { derived, EVERYONE, LATER, setting } from '../setting.ts';
import { bool, int, list, oneOf, port, presence } from '../values/basic.ts';
import { baseUrl, bindAddress, isAddressBlock } from '../values/network.ts';
import { Malformed, orOff, type ValueType, valueType } from '../values/value-type.ts';

/** A directory or file; a relative one is taken from the directory in which the process was started. */
function path(): ValueType<string> {
  return valueType({
    name: 'path',
    allowed: 'a path; a relative one is taken from the directory in which the process was started',
    read: (text) => {
      if (text === '' || text.includes('\0')) throw new Malformed();
      return resolve(text);
    },
  });
}

const admin = (service: string) =>
  `Port on \`ADMIN_HOST\` of the \`${service}\` service's \`/healthz\`, \`/readyz\` and \`/metrics\`.`;

export const processes = {
  PORT: setting(port(), 8000, {
    description: 'Port of the web interface and the management API.',
    readBy: ['start', 'web'],
  }),
  PING_PORT: setting(port(), 8001, {
    description: 'Port on which the ingester takes pings over HTTP.',
    readBy: ['start', 'ingester', 'web'],
  }),
  SMTPD_PORT: setting(orOff(port()), null, {
    description: 'Port on which the ingester takes pings by e-mail. Unset or empty: it does not.',
    readBy: ['start', 'ingester'],
  }),
  LISTEN_IPV6: setting(presence(), false, {
    description: 'Listen on IPv6 as well as IPv4: the default of `LISTEN_HOST` becomes `::`.',
    readBy: ['start', 'ingester', 'web'],
  }),
  LISTEN_HOST: derived(
    bindAddress(),
    '`0.0.0.0`; with `LISTEN_IPV6` `::`',
    ({ LISTEN_IPV6 }) => (LISTEN_IPV6 ? '::' : '0.0.0.0'),
    { description: 'Address on which `PORT` is opened.', readBy: ['start', 'web'] },
  ),
  PING_HOST: derived(bindAddress(), '`$LISTEN_HOST`', ({ LISTEN_HOST }) => LISTEN_HOST, {
    description: 'Address on which `PING_PORT` and `SMTPD_PORT` are opened.',
    readBy: ['start', 'ingester', 'web'],
  }),
  ADMIN_HOST: setting(bindAddress(), '127.0.0.1', {
    description: 'Address on which every service opens its admin port. The pages there need no sign-in.',
    readBy: EVERYONE,
  }),
  WEB_ADMIN_PORT: setting(port(), 9100, { description: admin('web'), readBy: ['start', 'web'] }),
  INGESTER_ADMIN_PORT: setting(port(), 9101, { description: admin('ingester'), readBy: ['start', 'ingester'] }),
  SENDALERTS_ADMIN_PORT: setting(port(), 9102, { description: admin('sendalerts'), readBy: ['start', 'sendalerts'] }),
  SENDREPORTS_ADMIN_PORT: setting(port(), 9103, {
    description: admin('sendreports'),
    readBy: ['start', 'sendreports'],
  }),
  INGESTER_URL: derived(
    baseUrl(),
    '`http://127.0.0.1:$PING_PORT`',
    ({ PING_HOST, PING_PORT }) => `http://${reachable(PING_HOST)}:${PING_PORT}`,
    { description: 'Where `web` hands on what arrives under its own `/ping/`.', readBy: ['web'] },
  ),
  TRUSTED_PROXIES: setting(
    list('addresses or CIDR blocks such as 10.0.0.0/8', isAddressBlock),
    ['127.0.0.0/8', '::1/128'],
    {
      description:
        'Proxies whose word about the client counts: only when a connection comes from one of these are ' +
        '`X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded` believed. What is set here replaces the default: name ' +
        'each proxy in front and, for the ingester, each machine that `web` runs on (`127.0.0.1` for the same one), ' +
        'which hands on what arrives under its `/ping/`.',
      readBy: ['ingester', 'web'],
    },
  ),
  DATA_DIR: derived(path(), '`./data`', () => resolve('./data'), {
    description: 'Embedded database, spool, generated secret and pid files. One running product for each directory.',
    readBy: EVERYONE,
  }),
  DRAIN_SECONDS: setting(int(0, 3600), 0, {
    description:
      'How long a service that is told to stop goes on serving while it reports itself as not ready, so that the ' +
      'load balancer takes it out first.',
    readBy: EVERYONE,
  }),
  LOG_LEVEL: setting(oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info', {
    description: 'The least severe log line that is written.',
    readBy: EVERYONE,
  }),
  LOG_FORMAT: setting(oneOf('json', 'pretty'), 'json', {
    description: 'One JSON object a line, or lines for people.',
    readBy: EVERYONE,
  }),
  UWSGI_PROCESSES: setting(int(1), 4, {
    description: "The original image's number of web workers. Overdue needs none: each service is one process.",
    ...LATER,
  }),
  USE_GZIP_MIDDLEWARE: setting(bool(), false, { description: 'Compress responses.', ...LATER }),
};

/** An address under which a listener bound to `host` can be reached from the same machine, as written in a URL. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
