/** PostgreSQL: connection, schema, migrations, and the two statements that every status change goes through. */
export type { Selectable } from 'kysely';
export type { Database, DatabaseTarget, Fragment, ReservedSql, Sql, TransactionSql } from './connect.ts';
export { connect, isConnectionError } from './connect.ts';
export type { NewFlip } from './flips.ts';
export { insertFlips, recordFlips } from './flips.ts';
export { gapsSince, JUDGED_UNTIL } from './gaps.ts';
export type { DB, Instant } from './generated/tables.ts';
export { instanceStore, registerInstance } from './instances.ts';
export { mayPass } from './may-pass.ts';
export { migrate, newerMigrations, pendingMigrations } from './migrate.ts';
export { ownerLocked } from './owner-lock.ts';
export { storableText } from './storable-text.ts';
export { type Statement, transact } from './transact.ts';
