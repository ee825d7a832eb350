import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { createLogger } from '@overdue/observability';
import { expect, test } from 'vitest';
import { startConfiguredSmtp } from './index.ts';
import { Client, FakeTarget, UUID } from './testing.ts';

const options = {
  clock: systemClock,
  logger: createLogger({ service: 'test', level: 'silent', format: 'json' }),
  target: new FakeTarget(),
};

test('without SMTPD_PORT there is no listener', async () => {
  expect(await startConfiguredSmtp(loadConfig({}), options)).toBeNull();
});

test('with it there is one, for PING_EMAIL_DOMAIN, on IPv6 too if so configured', async () => {
  const config = loadConfig({ LISTEN_IPV6: '1', PING_EMAIL_DOMAIN: 'Ping.Test' });
  // A free port; 0 is refused as a setting.
  const listener = await startConfiguredSmtp({ ...config, SMTPD_PORT: 0 }, options);
  const client = await Client.open(listener!.port);
  await client.envelope([`${UUID}@Ping.Test`]);
  expect(await client.data('x')).toBe('250 OK');
  // An IPv4 client of a listener for both.
  expect(options.target.seen[0]?.remoteAddr).toBe('127.0.0.1');
  client.close();
  await listener!.stop();
});

test('a certificate without its key is refused by the configuration', () => {
  expect(() => loadConfig({ SMTPD_TLS_CERT: '/c.pem' })).toThrow(/SMTPD_TLS_KEY/);
});
