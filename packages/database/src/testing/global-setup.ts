import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import type { TestProject } from 'vitest/node';
import { connect, type DatabaseTarget } from '../connect.ts';
import { embeddedTarget, initialise, startEmbedded } from '../embedded.ts';
import { migrate } from '../migrate.ts';

const TEMPLATE = 'overdue_template';

/**
 * Starts one throw-away PostgreSQL for the run and migrates the template database. TEST_POSTGRES_BINARIES names another
 * server's directory (with bin/postgres), for trying PostgreSQL 14 to 17.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'overdue-test-'));
  const directory = join(folder, 'postgres');
  const binaries = process.env.TEST_POSTGRES_BINARIES;
  const port = await freePort();
  initialise({ directory, ...(binaries ? { binaries } : {}) });
  const server = await startEmbedded({
    directory,
    port,
    clock: systemClock,
    durable: false,
    settings: { shared_buffers: '128MB', max_connections: '400' },
    ...(binaries ? { binaries } : {}),
  });
  const target: DatabaseTarget = embeddedTarget(port, 'postgres');
  const admin = connect({ target, applicationName: 'test set-up', max: 1 });
  await admin.sql.unsafe(`create database ${TEMPLATE}`);
  await admin.close();
  const template = connect({ target: { ...target, database: TEMPLATE }, applicationName: 'test set-up', max: 1 });
  await migrate(template);
  await template.close();
  project.provide('databaseServer', target);
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve((address as { port: number }).port));
    });
  });
}
