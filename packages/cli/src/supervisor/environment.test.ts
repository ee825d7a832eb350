import { loadConfig } from '@overdue/config';
import { expect, test } from 'vitest';
import { serviceEnvironment } from './environment.ts';

function environmentOf(env: NodeJS.ProcessEnv, embeddedPort: number | null = 20_000) {
  const config = loadConfig(env);
  const result = serviceEnvironment({ env, config, secretKey: 'generated', embeddedPort });
  // What the services will make of it.
  return { result, config: loadConfig(result) };
}

test('nothing configured: the embedded database, the generated key, pings on the ingester itself', () => {
  const { config } = environmentOf({ PING_PORT: '9001', PATH: '/bin' });
  expect(config.DATABASE_URL).toBe('postgresql://overdue@127.0.0.1:20000/overdue?sslmode=disable');
  expect(config.SECRET_KEY).toBe('generated');
  expect(config.PING_ENDPOINT).toBe('http://localhost:9001/');
  expect(config.LOG_FORMAT).toBe('pretty');
});

test('what is configured stays', () => {
  const env = {
    SECRET_KEY: 'mine',
    PING_ENDPOINT: 'https://ping.example.org/',
    LOG_FORMAT: 'json',
    DATABASE_URL: 'postgresql://u@db/x',
    DATA_DIR: '/srv/overdue',
  };
  expect(environmentOf(env, null).result).toEqual(env);
});

test('a relative DATA_DIR is the same directory for the services', () => {
  expect(environmentOf({ DATA_DIR: 'somewhere' }).result.DATA_DIR).toBe(`${process.cwd()}/somewhere`);
});

test('an empty _FILE does not undo what is decided', () => {
  const { result, config } = environmentOf({ PING_ENDPOINT_FILE: '', SECRET_KEY_FILE: '' });
  expect(config.SECRET_KEY).toBe('generated');
  expect(result).not.toHaveProperty('SECRET_KEY_FILE');
});
