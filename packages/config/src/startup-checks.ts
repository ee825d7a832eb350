/** Values that are allowed but probably not what was meant: configuration.md section 9, and ours. */
import { isAllowedHost, remoteUserHeader, secureProxyHeader } from './site.ts';
import type { Config, Name } from './table.ts';

export interface StartupCheck {
  /** An error stops the start, a warning is printed. */
  readonly level: 'error' | 'warning';
  /** The id in configuration.md section 9, or `overdue.*` for one of ours. */
  readonly id: string;
  readonly message: string;
}

/**
 * What is doubtful about a configuration; messages contain no secrets. Of section 9, W001 (SITE_ROOT without scheme)
 * is already refused by `loadConfig`, E003 and E001 (time zone, MariaDB) cannot occur.
 */
export function startupChecks(config: Config): StartupCheck[] {
  return [
    ...hosts(config),
    ...mail(config),
    ...proxyHeaders(config),
    ...integrations(config),
    ...secretKey(config),
    ...databaseSettings(config),
    ...ports(config),
  ];
}

function warning(id: string, message: string): StartupCheck {
  return { level: 'warning', id, message };
}

function hosts(config: Config): StartupCheck[] {
  const { host, hostname } = new URL(config.SITE_ROOT);
  if (isAllowedHost(config, host)) return [];
  return [
    {
      level: 'error',
      id: 'E002',
      message: `ALLOWED_HOSTS does not cover ${hostname}, the host of SITE_ROOT: add it, or leave ALLOWED_HOSTS unset.`,
    },
  ];
}

function mail(config: Config): StartupCheck[] {
  if (config.EMAIL_HOST === '') {
    return [warning('W002', 'EMAIL_HOST is not set: no mail is sent, and nobody can sign in by a mailed link.')];
  }
  return [];
}

function proxyHeaders(config: Config): StartupCheck[] {
  const found: StartupCheck[] = [];
  if (config.SECURE_PROXY_SSL_HEADER !== null && secureProxyHeader(config) === null) {
    found.push(
      warning(
        'W005',
        'SECURE_PROXY_SSL_HEADER is not a header name and a value separated by a comma, such as ' +
          'HTTP_X_FORWARDED_PROTO,https: it is ignored.',
      ),
    );
  }
  if (config.REMOTE_USER_HEADER !== null && remoteUserHeader(config) === null) {
    found.push({
      level: 'error',
      id: 'overdue.E001',
      message: 'REMOTE_USER_HEADER must be in upper case with the prefix HTTP_, such as HTTP_REMOTE_USER.',
    });
  }
  return found;
}

const WHATSAPP_NEEDS = [
  'TWILIO_ACCOUNT',
  'TWILIO_AUTH',
  'TWILIO_FROM',
  'TWILIO_MESSAGING_SERVICE_SID',
  'WHATSAPP_DOWN_CONTENT_SID',
  'WHATSAPP_UP_CONTENT_SID',
] as const satisfies readonly Name[];

function integrations(config: Config): StartupCheck[] {
  const found: StartupCheck[] = [];
  if (config.APPRISE_ENABLED && !config.INTEGRATIONS_ALLOW_PRIVATE_IPS) {
    found.push(
      warning(
        'W006',
        'APPRISE_ENABLED is on while INTEGRATIONS_ALLOW_PRIVATE_IPS is off: Apprise makes its own connections, ' +
          'which that setting cannot hold back.',
      ),
    );
  }
  if (config.TWILIO_USE_WHATSAPP) {
    for (const name of WHATSAPP_NEEDS) {
      if (config[name] === null)
        found.push(warning('whatsapp.W001', `TWILIO_USE_WHATSAPP is on but ${name} is not set.`));
    }
  }
  if (config.S3_BUCKET !== null) {
    found.push(warning('overdue.W005', 'S3_BUCKET is set, but ping bodies are kept in PostgreSQL in this version.'));
  }
  return found;
}

const SECRET_KEY_LENGTH = 32;

function secretKey(config: Config): StartupCheck[] {
  const key = config.SECRET_KEY;
  if (key === null || key.length >= SECRET_KEY_LENGTH) return [];
  return [
    warning(
      'overdue.W001',
      key === '---'
        ? 'SECRET_KEY is the published default: anybody can forge sessions. Set it to 50 random characters.'
        : `SECRET_KEY is shorter than ${SECRET_KEY_LENGTH} characters and may be guessed. Set it to 50 random characters.`,
    ),
  ];
}

function databaseSettings(config: Config): StartupCheck[] {
  if (config.DATABASE_URL !== null && config.DB_HOST !== null) {
    return [warning('overdue.W002', 'DATABASE_URL and DB_HOST are both set: DB_HOST and DB_PORT are ignored.')];
  }
  if (config.DATABASE_URL === null && config.DB_HOST === null && (config.DB_PASSWORD !== '' || config.DB_PORT !== '')) {
    return [
      warning(
        'overdue.W003',
        'DB_PASSWORD or DB_PORT is set but DB_HOST is not: the embedded database is used. Set DB_HOST to use another.',
      ),
    ];
  }
  return [];
}

const LISTENERS = ['PORT', 'PING_PORT', 'SMTPD_PORT'] as const;
const ADMIN_LISTENERS = [
  'WEB_ADMIN_PORT',
  'INGESTER_ADMIN_PORT',
  'SENDALERTS_ADMIN_PORT',
  'SENDREPORTS_ADMIN_PORT',
] as const;

/** One port for two listeners: fine on two hosts that share their settings, fatal on one. */
function ports(config: Config): StartupCheck[] {
  const takenBy = new Map<number, string>();
  const found: StartupCheck[] = [];
  for (const name of [...LISTENERS, ...ADMIN_LISTENERS]) {
    const port = config[name];
    if (port === null || port === 0) continue;
    const other = takenBy.get(port);
    if (other === undefined) takenBy.set(port, name);
    else
      found.push(warning('overdue.W004', `${other} and ${name} are both ${port}: one host cannot run both services.`));
  }
  return found;
}
