/** The files for split deployments name what exists: variables, services, ports. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '@overdue/config';
import { SERVICES } from '@overdue/observability';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../support/product.ts';

interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}

const compose = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const ours = Object.entries(compose.services).filter(([, service]) => service.command?.[0] === 'serve');

test('docker-compose.yml runs every service, each with variables that exist', () => {
  expect(new Set(ours.map(([, service]) => service.command![1]))).toEqual(new Set(SERVICES));
  const known = new Set<string>(SETTINGS.map(({ name }) => name));
  for (const [, service] of ours) {
    for (const name of Object.keys(service.environment!)) expect(known).toContain(name);
    for (const required of ['DATABASE_URL', 'SECRET_KEY', 'SITE_ROOT'])
      expect(service.environment).toHaveProperty(required);
  }
});

test('every ingester has a volume of its own for its spool', () => {
  const volumes = ours.filter(([, s]) => s.command![1] === 'ingester').map(([, s]) => s.volumes![0]!.split(':')[0]!);
  expect(new Set(volumes).size).toBe(volumes.length);
  for (const volume of volumes) expect(compose.volumes).toHaveProperty(volume);
});

test('docker-compose.yml gives HAProxy everything that its configuration asks for, and nothing else', () => {
  const asked = readFileSync(join(ROOT, 'infra/haproxy/haproxy.cfg'), 'utf8')
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => [...line.matchAll(/\$\{(\w+)(-?)/g)].map(([, name, byDefault]) => ({ name: name!, byDefault })));
  const needed = asked.filter(({ byDefault }) => !byDefault);
  expect(needed.length).toBeGreaterThan(5);
  const given = Object.keys(compose.services.haproxy!.environment!);
  expect(given).toEqual(expect.arrayContaining(needed.map(({ name }) => name)));
  expect(asked.map(({ name }) => name)).toEqual(expect.arrayContaining(given));
});

test.each(['infra/systemd/overdue.service', 'infra/systemd/overdue@.service'])('%s starts what is there', (file) => {
  const unit = readFileSync(join(ROOT, file), 'utf8');
  const [, program] = /^ExecStart=\/usr\/bin\/node (\S+) (?:start|serve %i)$/m.exec(unit)!;
  expect(existsSync(join(ROOT, program!))).toBe(true);
});
