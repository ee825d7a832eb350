import { Kysely } from 'kysely';
import { PostgresJSDialect } from 'kysely-postgres-js';
import postgres from 'postgres';
import type { DB, Instant } from './generated/tables.ts';
import { parseInstant, serializeInstant } from './instants.ts';

/** timestamptz is an {@link Instant} (epoch milliseconds) on the way in and out; bigint a number. */
type Types = { instant: Instant; bigint: number };
export type Sql = postgres.Sql<Types>;
export type TransactionSql = postgres.TransactionSql<Types>;
/** A part of a statement. */
export type Fragment = postgres.Fragment;
/** One connection of a pool, for whoever reserved it; it does not come back when it breaks. */
export type ReservedSql = postgres.ReservedSql<Types>;

/** Where the database is; see `databaseTarget` in packages/config. */
export interface DatabaseTarget {
  /** A single one may be the directory of the server's Unix socket. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** libpq's words: disable, allow, prefer, require, verify-ca, verify-full. */
  readonly sslmode?: string;
  /** libpq's words: any, read-write, primary, … With several hosts, the first that fits is used, and followed. */
  readonly targetSessionAttrs?: string;
}

export interface ConnectOptions {
  readonly target: DatabaseTarget;
  /** Shown in pg_stat_activity, e.g. `overdue ingester`. */
  readonly applicationName: string;
  /** Size of the pool. */
  readonly max?: number;
  /** Milliseconds after which the server cancels a statement; 0: never. */
  readonly statementTimeout?: number;
  /** Further server settings of each session, e.g. `{ lock_timeout: '1500' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Milliseconds to wait for a connection to open; default 5000. */
  readonly connectTimeout?: number;
  /** Makes the connection instead of TCP: the simulation's network (test/sim), in which statements can get lost. */
  readonly socket?: () => unknown;
}

export interface Database {
  /** postgres.js, for the set-based hot paths and LISTEN. */
  readonly sql: Sql;
  /** Kysely over the same pool, for ordinary queries. */
  readonly db: Kysely<DB>;
  readonly target: DatabaseTarget;
  /** Waits up to `timeout` seconds for running queries, then closes all connections. */
  close(timeout?: number): Promise<void>;
}

/**
 * What we hold in the database when our host loses power, or its network, is let go in time: the server would notice
 * after hours, and locks of checks keep everybody's pings in the spool. Nothing of ours thinks for so long between two
 * statements of a transaction.
 */
const UNATTENDED = { idle_in_transaction_session_timeout: 60_000, client_connection_check_interval: 1000 };

/**
 * Opens a pool. Connects lazily; a lost connection is opened again by the next query (after at most a second's pause),
 * so the pool outlives restarts of the server, and with several hosts finds the writable one anew.
 */
export function connect(options: ConnectOptions): Database {
  const { target } = options;
  const path = unixSocket(target);
  const sql = postgres({
    // The driver takes lists; its types know only one of each.
    host: target.hosts.map((h) => h.host) as unknown as string,
    port: target.hosts.map((h) => h.port) as unknown as number,
    database: target.database,
    user: target.user,
    password: target.password,
    // As libpq: what never leaves the machine is not encrypted, whatever sslmode says.
    ...(path === null ? { ssl: sslOption(target.sslmode) } : { path }),
    ...(target.hosts.length > 1 || (target.targetSessionAttrs && target.targetSessionAttrs !== 'any')
      ? { target_session_attrs: (target.targetSessionAttrs ?? 'read-write') as 'read-write' }
      : {}),
    max: options.max ?? 10,
    connect_timeout: (options.connectTimeout ?? 5000) / 1000,
    backoff: (attempt: number) => Math.min(1, 0.05 * 2 ** attempt),
    max_lifetime: null,
    onnotice: () => {},
    // Known to the driver, missing from its types.
    ...(options.socket ? ({ socket: options.socket } as object) : {}),
    connection: {
      application_name: options.applicationName,
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      statement_timeout: options.statementTimeout ?? 0,
      ...UNATTENDED,
      ...options.settings,
    },
    types: {
      instant: { to: 1184, from: [1184], serialize: serializeInstant, parse: parseInstant },
      bigint: { to: 20, from: [20], serialize: String, parse: Number },
    },
  }) as unknown as Sql;
  const db = new Kysely<DB>({ dialect: new PostgresJSDialect({ postgres: sql as unknown as postgres.Sql }) });
  return { sql, db, target, close: (timeout = 5) => sql.end({ timeout }) };
}

/** The socket's path, when the only host is a directory (`/run/postgresql`); the driver would look for it in DNS. */
function unixSocket({ hosts }: DatabaseTarget): string | null {
  const [only, ...others] = hosts;
  return only?.host.startsWith('/') && others.length === 0 ? `${only.host}/.s.PGSQL.${only.port}` : null;
}

/** True when `error` says that the server could not be reached or went away, rather than that the statement is wrong. */
export function isConnectionError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') return false;
  return (
    /^(CONNECTION_(CLOSED|ENDED|DESTROYED|CONNECT_TIMEOUT)|CONNECT_TIMEOUT|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT|EACCES)$/.test(
      code,
    ) ||
    // 08 connection exception, 57P shutdown or cannot connect now, 53 out of resources, 25006 read-only after a
    // failover, 57014 statement timeout
    /^(08|57P|53)/.test(code) ||
    code === '25006' ||
    code === '57014'
  );
}

type SslOption = false | 'require' | 'allow' | 'prefer' | 'verify-full' | { checkServerIdentity: () => undefined };

/** The driver knows all of libpq's words but verify-ca: a certificate that we trust, for whatever name. */
function sslOption(mode: string | undefined): SslOption {
  switch (mode) {
    case undefined:
    case 'disable':
      return false;
    case 'verify-ca':
      return { checkServerIdentity: () => undefined };
    default:
      return mode as 'require' | 'allow' | 'prefer' | 'verify-full';
  }
}
