/** Taking pings: configuration.md section 3, running.md, and what the ingester adds. */
import { join, resolve } from 'node:path';
import { derived, setting } from '../setting.ts';
import { int, intOrNone, textLike } from '../values/basic.ts';
import { prefixUrl } from '../values/network.ts';
import { Malformed, orOff, valueType } from '../values/value-type.ts';

const pemFile = () =>
  orOff(
    valueType({
      name: 'path',
      allowed: 'the path of a PEM file',
      read: (text) => {
        if (text.includes('\0') || text.startsWith('-----')) throw new Malformed('it holds the PEM text, not a path');
        return resolve(text);
      },
    }),
  );

export const pings = {
  PING_ENDPOINT: derived(
    prefixUrl(),
    '`$SITE_ROOT/ping/`; under `npm start` `http://localhost:$PING_PORT/`',
    ({ SITE_ROOT }) => `${SITE_ROOT}/ping/`,
    {
      description: 'What the ping URLs shown to users begin with. Display only: the ingester answers under any name.',
      readBy: ['start', 'web', 'sendalerts'],
    },
  ),
  PING_EMAIL_DOMAIN: setting(textLike(/^[A-Za-z0-9._-]+$/, 'a domain such as ping.example.org'), 'localhost', {
    description: 'Domain of ping e-mail addresses; recipients in any other domain are refused (550).',
    readBy: ['ingester', 'web'],
  }),
  PING_BODY_LIMIT: setting(intOrNone('no limit'), 10_000, {
    description: 'Bytes of a ping body that are kept; longer bodies are cut.',
    readBy: ['ingester', 'web'],
  }),
  PING_THROTTLE_SECONDS: setting(int(0, 3600), 10, {
    description:
      'Plain successes of a check that follow one another within this time are counted and written together. Nothing ' +
      'is lost by it. 0 writes each one. More than 30 counts as 30: lateness is judged without waiting for longer.',
    readBy: ['ingester'],
  }),
  PING_RATE_LIMIT: setting(int(), 0, {
    description: 'Pings a minute that one check may receive before the answer is 429 with Retry-After. 0: no limit.',
    readBy: ['ingester'],
  }),
  PING_DB_TIMEOUT_MS: setting(int(50, 60_000), 2000, {
    description: 'Milliseconds that a ping waits for the database before it goes to the spool and is answered 200.',
    readBy: ['ingester'],
  }),
  SPOOL_DIR: derived(
    valueType({
      name: 'path',
      allowed: 'a directory',
      read: (text) => {
        if (text === '' || text.includes('\0')) throw new Malformed();
        return resolve(text);
      },
    }),
    '`$DATA_DIR/spool`',
    ({ DATA_DIR }) => join(DATA_DIR, 'spool'),
    {
      description: 'Where pings are kept while the database is away. A local disk, one directory for each ingester.',
      readBy: ['ingester'],
    },
  ),
  SPOOL_MAX_BYTES: setting(int(), 1_073_741_824, {
    description: 'Size of the spool past which pings are answered 503 with Retry-After.',
    readBy: ['ingester'],
  }),
  AMNESTY_MIN_GAP_SECONDS: setting(int(1, 86_400), 5, {
    description:
      'A stretch at least this long in which no ingester was receiving is a gap: checks whose ping was expected in it ' +
      'are not declared down for it.',
    readBy: ['sendalerts', 'web'],
  }),
  SMTPD_TLS_CERT: setting(pemFile(), null, {
    description: 'Certificate chain (PEM file) with which the e-mail listener offers STARTTLS.',
    readBy: ['ingester'],
  }),
  SMTPD_TLS_KEY: setting(pemFile(), null, {
    description: 'Private key (PEM file) of `SMTPD_TLS_CERT`.',
    readBy: ['ingester'],
  }),
};
