import { expect, it } from 'vitest';
import { loadConfig, startupChecks } from './index.ts';

/** A configuration with nothing to say about. */
const quiet = { EMAIL_HOST: 'smtp.example.org', SECRET_KEY: 'k'.repeat(32) };

function idsOf(env: NodeJS.ProcessEnv): string[] {
  return startupChecks(loadConfig({ ...quiet, ...env })).map(({ level, id }) => `${level} ${id}`);
}

it.each<[NodeJS.ProcessEnv, string[]]>([
  [{}, []],
  [{ SITE_ROOT: 'https://a.org', ALLOWED_HOSTS: 'b.org' }, ['error E002']],
  [{ SITE_ROOT: 'https://x.a.org:444/p', ALLOWED_HOSTS: '.a.org' }, []],
  [{ EMAIL_HOST: '' }, ['warning W002']],
  [{ SECURE_PROXY_SSL_HEADER: 'HTTP_X' }, ['warning W005']],
  [{ REMOTE_USER_HEADER: 'X-User' }, ['error overdue.E001']],
  [{ APPRISE_ENABLED: 'True' }, ['warning W006']],
  [{ APPRISE_ENABLED: 'True', INTEGRATIONS_ALLOW_PRIVATE_IPS: 'True' }, []],
  [{ TWILIO_USE_WHATSAPP: 'True' }, Array.from({ length: 6 }, () => 'warning whatsapp.W001')],
  [{ SECRET_KEY: '---' }, ['warning overdue.W001']],
  [{ SECRET_KEY: '' }, []],
  [{ DATABASE_URL: 'postgres://h', DB_HOST: 'g' }, ['warning overdue.W002']],
  [{ DB_PASSWORD: 'p' }, ['warning overdue.W003']],
  [{ PORT: '8001' }, ['warning overdue.W004']],
  [{ PORT: '0', PING_PORT: '0' }, []],
  [{ S3_BUCKET: 'b' }, ['warning overdue.W005']],
])('%o', (env, expected) => expect(idsOf(env)).toEqual(expected));

it('shows no secret', () => {
  const secret = 'hunter2';
  const checks = startupChecks(
    loadConfig({ SECRET_KEY: secret, DB_PASSWORD: secret, TWILIO_AUTH: secret, DB_PORT: '1' }),
  );
  expect(checks.length).toBeGreaterThan(1);
  expect(JSON.stringify(checks)).not.toContain(secret);
});
