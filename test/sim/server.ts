import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { connect, type DatabaseTarget, migrate } from '@overdue/database';
import { embeddedTarget, initialise, startEmbedded } from '@overdue/database/embedded';
import { memoryDisk } from '@overdue/database/testing/memory-disk';
import { freePorts } from '@overdue/database/testing/ports';

/** More than the cluster and its log take. */
const SIZE = 2 ** 30;

/** Runs `use` with a migrated database on a throw-away PostgreSQL. */
export async function withServer(use: (target: DatabaseTarget) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(memoryDisk(SIZE), 'overdue-sim-'));
  const directory = join(folder, 'postgres');
  const [port] = (await freePorts(1)) as [number];
  initialise({ directory });
  const settings = {
    shared_buffers: '64MB',
    max_wal_size: '256MB',
    autovacuum: 'off',
    unix_socket_directories: directory,
    plan_cache_mode: 'force_generic_plan',
  };
  const server = await startEmbedded({ directory, port, clock: systemClock, durable: false, settings });
  // Stopped from outside: the server goes, too.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void server.stop().finally(() => process.exit(130)));
  }
  try {
    const admin = connect({ target: embeddedTarget(port, 'postgres'), applicationName: 'simulation', max: 1 });
    await admin.sql.unsafe('create database overdue_sim');
    await admin.close();
    const target = embeddedTarget(port, 'overdue_sim');
    const database = connect({ target, applicationName: 'simulation', max: 1 });
    await migrate(database);
    await database.close();
    await use(target);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
