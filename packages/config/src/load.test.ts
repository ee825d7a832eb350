import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, type Name, SETTINGS } from './index.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'overdue-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The problems of an environment; empty when it can be used. */
function problemsOf(env: NodeJS.ProcessEnv): readonly { name: string; held: string; allowed: string }[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

function messageOf(env: NodeJS.ProcessEnv): string {
  try {
    loadConfig(env);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('defaults (running.md "Environment", configuration.md)', () => {
  const config = loadConfig({});
  const cases: [Name, unknown][] = [
    ['PORT', 8000],
    ['PING_PORT', 8001],
    ['SMTPD_PORT', null],
    ['ADMIN_HOST', '127.0.0.1'],
    ['WEB_ADMIN_PORT', 9100],
    ['INGESTER_ADMIN_PORT', 9101],
    ['SENDALERTS_ADMIN_PORT', 9102],
    ['SENDREPORTS_ADMIN_PORT', 9103],
    ['DATA_DIR', resolve('data')],
    ['SPOOL_DIR', resolve('data/spool')],
    ['SITE_ROOT', 'http://localhost:8000'],
    ['PING_ENDPOINT', 'http://localhost:8000/ping/'],
    ['SECRET_KEY', null],
    ['PING_THROTTLE_SECONDS', 10],
    ['SPOOL_MAX_BYTES', 1073741824],
    ['DRAIN_SECONDS', 0],
    ['DEBUG', false],
    ['SITE_NAME', 'Overdue'],
    ['MASTER_BADGE_LABEL', 'Overdue'],
    ['ALLOWED_HOSTS', ['localhost', '127.0.0.1', '[::1]']],
    ['REGISTRATION_OPEN', true],
    ['PING_BODY_LIMIT', 10000],
    ['PING_DB_TIMEOUT_MS', 2000],
    ['AMNESTY_MIN_GAP_SECONDS', 5],
    ['DB', 'postgres'],
    ['DB_TARGET_SESSION_ATTRS', 'read-write'],
    ['EMAIL_HOST', ''],
    ['EMAIL_PORT', 587],
    ['EMAIL_USE_TLS', true],
    ['PUSHOVER_EMERGENCY_RETRY_DELAY', 300],
    ['APPRISE_ENABLED', false],
    ['S3_TIMEOUT', 60],
    ['INGESTER_URL', 'http://127.0.0.1:8001'],
  ];
  it.each(cases)('%s', (name, value) => expect(config[name]).toEqual(value));

  it('is frozen', () => expect(Object.isFrozen(config)).toBe(true));
});

describe('defaults made from other variables', () => {
  it.each<[NodeJS.ProcessEnv, Name, unknown]>([
    [{ PORT: '9000' }, 'SITE_ROOT', 'http://localhost:9000'],
    [{ PORT: '9000' }, 'PING_ENDPOINT', 'http://localhost:9000/ping/'],
    [{ SITE_ROOT: 'https://a.org/x/' }, 'SITE_ROOT', 'https://a.org/x'],
    [{ SITE_ROOT: 'https://a.org/x/' }, 'PING_ENDPOINT', 'https://a.org/x/ping/'],
    [{ SITE_ROOT: 'https://a.org/x/' }, 'ALLOWED_HOSTS', ['a.org']],
    [{ SITE_ROOT: 'https://a.org', PING_ENDPOINT: 'https://p.org/' }, 'PING_ENDPOINT', 'https://p.org/'],
    [{ DATA_DIR: '/var/lib/overdue' }, 'SPOOL_DIR', '/var/lib/overdue/spool'],
    [{ SITE_NAME: 'Jobs' }, 'MASTER_BADGE_LABEL', 'Jobs'],
    [{ LISTEN_IPV6: '1' }, 'PING_HOST', '::'],
    [{ LISTEN_IPV6: '1' }, 'INGESTER_URL', 'http://127.0.0.1:8001'],
    [{ PING_HOST: '2001:db8::1', PING_PORT: '81' }, 'INGESTER_URL', 'http://[2001:db8::1]:81'],
    [{ EMAIL_USE_SSL: 'True' }, 'EMAIL_USE_TLS', false],
  ])('%o: %s', (env, name, value) => expect(loadConfig(env)[name]).toEqual(value));

  it('do not add problems of their own when what they are made from is malformed', () => {
    expect(problemsOf({ PORT: 'x', DATA_DIR: '' }).map((problem) => problem.name)).toEqual(['PORT', 'DATA_DIR']);
  });
});

describe('accepted values', () => {
  it.each<[Name, string, unknown]>([
    ['DEBUG', 'True', true],
    ['DEBUG', 'False', false],
    ['REGISTRATION_OPEN', '', false],
    ['PING_BODY_LIMIT', 'None', null],
    ['PING_BODY_LIMIT', '0', 0],
    ['DB_CONN_MAX_AGE', 'None', null],
    ['EMAIL_PORT', 'None', 587],
    ['SMTPD_PORT', '', null],
    ['SMTPD_PORT', '25', 25],
    ['PORT', '65535', 65535],
    ['PORT', '0', 0],
    ['SITE_NAME', '', ''],
    ['SITE_NAME', ' My checks ', ' My checks '],
    ['TELEGRAM_TOKEN', '', null],
    ['SECRET_KEY', '---', '---'],
    ['ALLOWED_HOSTS', 'a.org, .b.org,,*,[::1]', ['a.org', '.b.org', '*', '[::1]']],
    ['ALLOWED_HOSTS', '', []],
    ['TRUSTED_PROXIES', '10.0.0.0/8,::1,192.0.2.1', ['10.0.0.0/8', '::1', '192.0.2.1']],
    ['STATSD_HOST', 'stats', { host: 'stats', port: 8125 }],
    ['STATSD_HOST', '[::1]:99', { host: '::1', port: 99 }],
    ['DEFAULT_FROM_EMAIL', '"Overdue" <a@b.org>', '"Overdue" <a@b.org>'],
    ['EMAIL_MAIL_FROM_TMPL', '%s@bounces.example.org', '%s@bounces.example.org'],
    ['REDIS_URL', 'rediss://user:p%40ss@h:1/2', 'rediss://user:p%40ss@h:1/2'],
    ['http_proxy', 'proxy:3128', 'proxy:3128'],
    ['http_proxy', 'socks5h://u:p@proxy:1080', 'socks5h://u:p@proxy:1080'],
    ['https_proxy', 'SOCKS4a://proxy', 'SOCKS4a://proxy'],
    ['https_proxy', 'https://u:p@[::1]:1080', 'https://u:p@[::1]:1080'],
    ['GITHUB_PRIVATE_KEY', '-----BEGIN\nx\n-----END', '-----BEGIN\nx\n-----END'],
    ['LISTEN_IPV6', 'False', false],
    ['DB_HOST', '/var/run/postgresql', '/var/run/postgresql'],
  ])('%s=%j', (name, text, value) => expect(loadConfig({ [name]: text })[name]).toEqual(value));
});

describe('malformed values: named, shown, with what is allowed', () => {
  it.each<[Name, string, RegExp]>([
    ['DEBUG', 'true', /True, False, or empty/],
    ['DEBUG', '1', /True, False, or empty/],
    ['PORT', '', /0 to 65535/],
    ['PORT', '65536', /0 to 65535/],
    ['PORT', '-1', /0 to 65535/],
    ['PORT', '80 ', /0 to 65535/],
    ['PORT', '8e3', /0 to 65535/],
    ['PORT', '0x50', /0 to 65535/],
    ['PORT', 'None', /0 to 65535/],
    ['PING_BODY_LIMIT', 'none', /None for no limit/],
    ['PING_BODY_LIMIT', '99999999999999999999', /whole number/],
    ['PUSHOVER_EMERGENCY_RETRY_DELAY', 'None', /whole number/],
    ['SITE_ROOT', 'example.org', /http:\/\/ or https:\/\//],
    ['SITE_ROOT', 'ftp://example.org', /http:\/\/ or https:\/\//],
    ['SITE_ROOT', 'https://', /absolute URL/],
    ['SITE_ROOT', 'https://a.org/?x', /must not contain/],
    ['PING_ENDPOINT', 'https://a.org/ping', /end with a slash/],
    ['DB', 'sqlite', /only postgres/],
    ['DB', 'mysql', /only postgres/],
    ['DB_SSLMODE', 'on', /disable, allow, prefer/],
    ['DB_TARGET_SESSION_ATTRS', 'standby', /read-write, primary, any/],
    ['DB_PORT', '5432,x', /each port/],
    ['LOG_LEVEL', 'verbose', /trace, debug/],
    ['LOG_FORMAT', 'text', /json, pretty/],
    ['TRUSTED_PROXIES', '10.0.0.0/33', /CIDR/],
    ['TRUSTED_PROXIES', '10.0.0.1,proxy', /item 2 is not/],
    ['ALLOWED_HOSTS', 'a.org:8000', /host names/],
    ['REDIS_SENTINELS', 's1:0', /HOST:PORT/],
    ['RP_ID', 'https://a.org', /bare domain/],
    ['DEFAULT_FROM_EMAIL', 'nobody', /address/],
    ['EMAIL_MAIL_FROM_TMPL', 'x@y.org', /%s/],
    ['SMTPD_TLS_CERT', '-----BEGIN CERTIFICATE', /path of a PEM file/],
    ['QUEUE_PREFIX', 'a:b', /letters/],
    ['NUM_WORKERS', '0', /1 to 1000/],
    ['DATA_DIR', '', /path/],
  ])('%s=%j', (name, text, allowed) => {
    const [problem, ...rest] = problemsOf({ [name]: text }).filter((one) => one.name === name);
    expect(rest).toEqual([]);
    expect(problem?.allowed).toMatch(allowed);
    expect(problem?.held).toBe(text === '' ? 'nothing (it is empty)' : JSON.stringify(text));
  });

  it('says which kinds of proxies there are', () => {
    expect(problemsOf({ http_proxy: 'socks6://proxy' })[0]?.allowed).toContain('socks5h://');
  });

  it('lists every problem in one message', () => {
    const message = messageOf({ PORT: 'abc', DEBUG: 'yes', DB: 'mysql', EMAIL_PORT: '0' });
    for (const part of ['PORT holds "abc"', 'DEBUG holds "yes"', 'DB holds "mysql"', 'EMAIL_PORT holds "0"']) {
      expect(message).toContain(part);
    }
    expect(message).not.toContain('Invalid input');
  });

  it('cuts a long value', () => {
    expect(messageOf({ PORT: 'x'.repeat(10_000) }).length).toBeLessThan(500);
  });

  it('hides a password in a URL that takes none', () => {
    const message = messageOf({ SITE_ROOT: 'https://user:hunter2@a.org' });
    expect(message).toContain('SITE_ROOT');
    expect(message).not.toContain('hunter2');
  });
});

describe('contradictions', () => {
  it.each<[NodeJS.ProcessEnv, string]>([
    [{ EMAIL_USE_SSL: 'True', EMAIL_USE_TLS: 'True' }, 'EMAIL_USE_TLS'],
    [{ SMTPD_TLS_CERT: '/c.pem' }, 'SMTPD_TLS_KEY'],
    [{ SMTPD_TLS_KEY: '/k.pem' }, 'SMTPD_TLS_CERT'],
    [{ DB_HOST: 'a,b,c', DB_PORT: '1,2' }, 'DB_PORT'],
  ])('%o', (env, name) => expect(problemsOf(env).map((problem) => problem.name)).toEqual([name]));

  it.each<[NodeJS.ProcessEnv]>([
    [{ EMAIL_USE_SSL: 'True', EMAIL_USE_TLS: 'False' }],
    [{ SMTPD_TLS_CERT: '/c.pem', SMTPD_TLS_KEY: '/k.pem' }],
    [{ DB_HOST: 'a,b', DB_PORT: '1,2' }],
    [{ DB_HOST: 'a,b', DB_PORT: '1' }],
  ])('%o is fine', (env) => expect(problemsOf(env)).toEqual([]));
});

describe('NAME_FILE', () => {
  function file(name: string, content: string): string {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  }

  it.each(SETTINGS.map((setting) => setting.name))('is read for %s', (name) => {
    const path = file(name, '\0'); // not allowed in any of them: proves that the file was read
    const problems = problemsOf({ [`${name}_FILE`]: path });
    if (name === 'LISTEN_IPV6') expect(problems).toEqual([]);
    else expect(problems).toContainEqual(expect.objectContaining({ name, held: expect.stringMatching(`_FILE`) }));
  });

  it('is trimmed and takes precedence', () => {
    const path = file('key', '\n  from the file \n');
    expect(loadConfig({ SECRET_KEY_FILE: path, SECRET_KEY: 'from the environment' }).SECRET_KEY).toBe('from the file');
    expect(loadConfig({ PORT_FILE: file('port', '81\n'), PORT: 'malformed' }).PORT).toBe(81);
  });

  it('follows links, as mounted secrets are', () => {
    const link = join(directory, 'link');
    symlinkSync(file('target', 'x'), link);
    expect(loadConfig({ DB_PASSWORD_FILE: link }).DB_PASSWORD).toBe('x');
  });

  it('is ignored when empty', () => {
    expect(loadConfig({ SECRET_KEY_FILE: '', SECRET_KEY: 'x' }).SECRET_KEY).toBe('x');
  });

  it('names the variable when there is no regular file', () => {
    mkdirSync(join(directory, 'folder'));
    for (const [path, why] of [
      [join(directory, 'missing'), 'no such file'],
      [join(directory, 'folder'), 'not a regular file'],
      ['/dev/zero', 'not a regular file'],
      [join(directory, 'folder', 'x\0y'), 'not a path'],
    ] as const) {
      const [problem] = problemsOf({ SITE_NAME_FILE: path });
      expect(problem).toMatchObject({ name: 'SITE_NAME_FILE', allowed: expect.stringContaining(why) });
    }
  });

  it('shows the path of a secret, but not a secret that was put where the path belongs', () => {
    expect(messageOf({ SECRET_KEY_FILE: '/run/secrets/nothing-here' })).toContain('/run/secrets/nothing-here');
    expect(messageOf({ SECRET_KEY_FILE: 'hunter2/hunter2' })).not.toContain('hunter2');
  });
});

/** What a reference installation's environment file looks like: every name set, most of them to nothing. */
it('accepts the environment file of an existing Healthchecks installation', () => {
  const empty = `ADMINS DISCORD_CLIENT_ID DISCORD_CLIENT_SECRET EMAIL_HOST EMAIL_HOST_PASSWORD EMAIL_HOST_USER
    GITHUB_CLIENT_ID GITHUB_CLIENT_SECRET GITHUB_PRIVATE_KEY GITHUB_PUBLIC_LINK LINENOTIFY_CLIENT_ID MATRIX_ACCESS_TOKEN
    MATRIX_HOMESERVER MATRIX_USER_ID PD_APP_ID PUSHBULLET_CLIENT_ID PUSHBULLET_CLIENT_SECRET PUSHOVER_API_TOKEN
    PUSHOVER_SUBSCRIPTION_URL REMOTE_USER_HEADER RP_ID S3_ACCESS_KEY S3_BUCKET S3_ENDPOINT S3_REGION S3_SECRET_KEY
    SECURE_PROXY_SSL_HEADER SIGNAL_CLI_SOCKET SITE_LOGO_URL SLACK_CLIENT_ID SLACK_CLIENT_SECRET SMTPD_PORT
    SUPPORT_EMAIL METRICS_KEY STATSD_HOST EMAIL_MAIL_FROM_TMPL NTFY_SH_TOKEN LISTEN_IPV6 http_proxy https_proxy
    TELEGRAM_TOKEN TRELLO_APP_KEY TWILIO_ACCOUNT TWILIO_AUTH TWILIO_FROM TWILIO_MESSAGING_SERVICE_SID
    WHATSAPP_DOWN_CONTENT_SID WHATSAPP_UP_CONTENT_SID`.split(/\s+/);
  const switches = `MATTERMOST MSTEAMS OPSGENIE PAGERTREE PD PROMETHEUS ROCKETCHAT SLACK SPIKE VICTOROPS WEBHOOKS ZULIP`;
  const env = {
    ...Object.fromEntries(empty.map((name) => [name, ''])),
    ...Object.fromEntries(switches.split(' ').map((name) => [`${name}_ENABLED`, 'True'])),
    ...{ ALLOWED_HOSTS: 'localhost', APPRISE_ENABLED: 'False', DB: 'postgres', DB_CONN_MAX_AGE: '0', DB_HOST: 'db' },
    ...{ DB_NAME: 'hc', DB_PASSWORD: 'fixme', DB_PORT: '5432', DB_SSLMODE: 'prefer', DB_USER: 'postgres' },
    ...{ DB_TARGET_SESSION_ATTRS: 'read-write', DEBUG: 'False', DEFAULT_FROM_EMAIL: 'healthchecks@example.org' },
    ...{ EMAIL_PORT: '587', EMAIL_USE_SSL: 'False', EMAIL_USE_TLS: 'True', EMAIL_USE_VERIFICATION: 'True' },
    ...{ INTEGRATIONS_ALLOW_PRIVATE_IPS: 'False', MASTER_BADGE_LABEL: 'Mychecks', PING_BODY_LIMIT: '10000' },
    ...{ PING_EMAIL_DOMAIN: 'localhost', PING_ENDPOINT: 'http://localhost:8000/ping/', REGISTRATION_OPEN: 'True' },
    ...{ PUSHOVER_EMERGENCY_EXPIRATION: '86400', PUSHOVER_EMERGENCY_RETRY_DELAY: '300', S3_SECURE: 'True' },
    ...{ S3_TIMEOUT: '60', SECRET_KEY: '---', SHELL_ENABLED: 'False', SITE_NAME: 'Mychecks' },
    ...{ SITE_ROOT: 'http://localhost:8000', TELEGRAM_BOT_NAME: 'ExampleBot', TWILIO_USE_WHATSAPP: 'False' },
    ...{ USE_GZIP_MIDDLEWARE: 'True', USE_PAYMENTS: 'False', UWSGI_PROCESSES: '4' },
  };
  expect(problemsOf(env)).toEqual([]);
  const known = new Set<string>(SETTINGS.map((setting) => setting.name));
  expect(Object.keys(env).filter((name) => !known.has(name))).toEqual(['LINENOTIFY_CLIENT_ID']); // nothing reads it there either
});

/** Text that is likely to reach the far corners of the parsers, besides random text. */
const ODD = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.stringMatching(/^(postgres|redis|http):\/\/[a-z:@,/?=&%[\]0-9]{0,40}$/),
  fc.stringMatching(/^[0-9+-]{1,25}$/),
  fc.constantFrom('True', 'None', 'a.org', '::1', '[::1]:80', '10.0.0.0/8', '%', 'postgres://%zz@h/', 'redis://%zz@h'),
);

describe('whatever a variable holds, it parses or is named', () => {
  it.each(SETTINGS.map((setting) => setting.name))('%s', (name) => {
    fc.assert(
      fc.property(ODD, (text) => {
        const names = problemsOf({ [name]: text }).map((problem) => problem.name);
        const others: Partial<Record<Name, string>> = {
          EMAIL_USE_TLS: 'EMAIL_USE_SSL',
          SMTPD_TLS_CERT: 'SMTPD_TLS_KEY',
          SMTPD_TLS_KEY: 'SMTPD_TLS_CERT',
        };
        for (const reported of names) expect([name, others[name]]).toContain(reported);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a secret is in no message', () => {
  const secrets = SETTINGS.filter((setting) => setting.secret).map((setting) => setting.name);
  // A piece long and odd enough not to be part of the message's own words.
  const piece = fc.stringMatching(/^[A-Z]{3}[0-9]{9}[a-z]{3}$/);
  const around = fc.constantFrom(
    (s: string) => s,
    (s: string) => `postgres://u:${s}@h:x/db`,
    (s: string) => `postgres://u:${s}@h/db?nonsense=1`,
    (s: string) => `postgres://h/db?${s}=1`,
    (s: string) => `postgres://h/db?sslmode=${s}`,
    (s: string) => `postgres://h/db?port=${s}`,
    (s: string) => `postgres://u:a/${s}@h/db`,
    (s: string) => `redis://:${s}@h:99999`,
    (s: string) => `redis://:%zz${s}@h`,
    (s: string) => `socks9://u:${s}@h`,
    (s: string) => `\0${s}`,
  );

  it.each(secrets)('%s', (name) => {
    fc.assert(
      fc.property(piece, around, (secret, wrap) => {
        const message = messageOf({ [name]: wrap(secret), PORT: 'malformed as well', [`${name}X`]: secret });
        expect(message).toContain('PORT');
        expect(message).not.toContain(secret);
        expect(messageOf({ [`${name}_FILE`]: wrap(secret) })).not.toContain(secret);
      }),
      { numRuns: 60 },
    );
  });
});
