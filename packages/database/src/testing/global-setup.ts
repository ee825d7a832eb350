import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import type { TestProject } from 'vitest/node';
import { connect, type DatabaseTarget } from '../connect.ts';
import { embeddedTarget, initialise, startEmbedded } from '../embedded.ts';
import { migrate } from '../migrate.ts';
import { memoryDisk } from './memory-disk.ts';
import { freePort } from './ports.ts';
import { testBinaries } from './server.ts';

const TEMPLATE = 'overdue_template';

/** More than all databases and directories of a run take at a time, and the log with them. */
const SIZE = 3 * 2 ** 30;

/**
 * Starts one throw-away PostgreSQL for the run and migrates the template database.
 * @public vitest.config.ts names this file
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(memoryDisk(SIZE), 'overdue-test-'));
  chmodSync(folder, 0o711); // the servers run as another user than root
  // What the tests write themselves lies there too: a disk that stands still for seconds is the tests of it, not all others'.
  process.env.TMPDIR = join(folder, 'tmp');
  mkdirSync(process.env.TMPDIR, { mode: 0o711 });
  const directory = join(folder, 'postgres');
  const port = await freePort();
  initialise({ directory, ...testBinaries() });
  const server = await startEmbedded({
    directory,
    port,
    clock: systemClock,
    durable: false,
    settings: {
      shared_buffers: '128MB',
      max_wal_size: '512MB',
      max_connections: '400',
      unix_socket_directories: directory,
    },
    ...testBinaries(),
  });
  const target: DatabaseTarget = embeddedTarget(port, 'postgres');
  const admin = connect({ target, applicationName: 'test set-up', max: 1 });
  await admin.sql.unsafe(`create database ${TEMPLATE}`);
  if (process.env.TEST_POSTGRES_BINARIES) {
    const [row] = await admin.sql<{ server_version: string }[]>`show server_version`;
    console.log(`The tests' PostgreSQL is ${row!.server_version}.`);
  }
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
