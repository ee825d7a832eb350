/**
 * A database of its own for each test file, cloned from a migrated template in 30 ms, on a real server that the
 * vitest global set-up starts once a run.
 */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { connect, type Database, type DatabaseTarget } from '../connect.ts';

declare module 'vitest' {
  interface ProvidedContext {
    databaseServer: DatabaseTarget;
  }
}

/** The template that {@link createTestDatabase} clones: migrated, empty. */
export const TEMPLATE = 'overdue_template';

export interface TestDatabase extends Database {
  /** Ends all connections to it and drops it. Fails when `close` was not reached by whoever used it. */
  drop(): Promise<void>;
}

/** Clones the template. Call in `beforeAll`, and `drop` in `afterAll`. `max` is the pool's size. */
export async function createTestDatabase(options: { max?: number } = {}): Promise<TestDatabase> {
  const server = inject('databaseServer');
  const name = `t_${randomBytes(6).toString('hex')}`;
  await withAdmin(server, (admin) => admin.sql.unsafe(`create database ${name} template ${TEMPLATE}`));
  const database = connect({ target: { ...server, database: name }, applicationName: 'test', max: options.max ?? 5 });
  return {
    ...database,
    async drop() {
      await database.close(1);
      await withAdmin(server, (admin) => admin.sql.unsafe(`drop database ${name} with (force)`));
    },
  };
}

async function withAdmin<T>(server: DatabaseTarget, use: (admin: Database) => Promise<T>): Promise<T> {
  const admin = connect({ target: { ...server, database: 'postgres' }, applicationName: 'test admin', max: 1 });
  try {
    return await use(admin);
  } finally {
    await admin.close(1);
  }
}
