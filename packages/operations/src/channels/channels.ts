import type { Clock } from '@overdue/clock';
import type { Database, DB, Selectable, TransactionSql } from '@overdue/database';
import { lockOwner } from '../checks/limit.ts';
import { done, NO_SUCH_CHANNEL, type Outcome, outcomeOf, rollBack } from '../outcome.ts';

/** A row of `channels`; `value` by kind (integrations.md, "Stored value"). */
export type ChannelRow = Selectable<DB['channels']>;

/** A channel of a project. */
export interface ChannelReference {
  readonly code: string;
  readonly projectId: number;
}

/** What a kind's form or schema (packages/notifications) makes of what was entered. */
export interface ChannelSettings {
  readonly value: unknown;
  /** False: this channel has nothing to say about that status. */
  readonly notify_down?: boolean;
  readonly notify_up?: boolean;
  /** E-mail: the address has been confirmed, or needs not be. */
  readonly email_verified?: boolean;
}

export interface CreateChannel extends ChannelSettings {
  readonly projectId: number;
  readonly kind: string;
  readonly name?: string;
  /** Default: all of the project's checks; else the codes of some. */
  readonly checks?: 'all' | readonly string[];
}

/** Adds an integration and assigns it to checks of the project. Refused: `not-found` (the project), `checks`. */
export function createChannel(
  database: Database,
  clock: Clock,
  { projectId, kind, name = '', checks = 'all', ...settings }: CreateChannel,
): Promise<Outcome<ChannelRow>> {
  return outcomeOf(() =>
    database.sql.begin(async (sql) => insertChannel(sql, clock, { projectId, kind, name, checks, ...settings })),
  );
}

/** {@link createChannel}, within a transaction. Rolls it back for what that refuses. */
export async function insertChannel(
  sql: TransactionSql,
  clock: Clock,
  { projectId, kind, name = '', checks = 'all', ...settings }: CreateChannel,
): Promise<ChannelRow> {
  await lockOwner(sql, projectId); // a check made meanwhile with all channels must not miss this one
  const columns = { project_id: projectId, kind, name, created_at: clock.now(), ...writable(sql, settings) };
  const [channel] = await sql<ChannelRow[]>`insert into channels ${sql(columns as never)} returning *`;
  await assignToChecks(sql, channel!, checks);
  return channel!;
}

/** What is absent stays. */
export interface ChannelChange extends Partial<ChannelSettings> {
  readonly name?: string;
  readonly disabled?: boolean;
  /** Replaces the assignment: all of the project's checks, or those with these codes. */
  readonly checks?: 'all' | readonly string[];
}

export interface UpdateChannel extends ChannelReference, ChannelChange {}

/** {@link changeChannel} with what does not depend on how it is now. */
export function updateChannel(
  database: Database,
  { code, projectId, ...change }: UpdateChannel,
): Promise<Outcome<ChannelRow>> {
  return changeChannel(database, { code, projectId }, () => done(change));
}

/**
 * Changes an integration. With a new `value` it is enabled again and its last error forgotten: whoever edits it has
 * mended it (D11), unless `disabled` says otherwise.
 * @param decide says what to change, or why nothing can be, from the row as it is and stays until it is written
 * Refused: `not-found`, `checks`, and whatever `decide` refuses.
 */
export function changeChannel(
  database: Database,
  reference: ChannelReference,
  decide: (row: ChannelRow) => Outcome<ChannelChange>,
): Promise<Outcome<ChannelRow>> {
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const channel = await lockChannel(sql, reference);
      if (!channel) rollBack(NO_SUCH_CHANNEL);
      const decided = decide(channel);
      if (!decided.ok) rollBack(decided);
      const { name, disabled, checks, ...settings } = decided.value;
      const columns = {
        ...(settings.value === undefined ? {} : { disabled: false, last_error: '' }),
        ...writable(sql, settings),
        ...(name === undefined ? {} : { name }),
        ...(disabled === undefined ? {} : { disabled }),
      };
      if (checks !== undefined) {
        await sql`delete from channel_checks where channel_id = ${channel.id}`;
        await assignToChecks(sql, channel, checks);
      }
      if (Object.keys(columns).length === 0) return channel;
      const [row] = await sql<ChannelRow[]>`
        update channels set ${sql(columns as never)} where id = ${channel.id} returning *`;
      return row!;
    }),
  );
}

/** Refused: `not-found`. */
export function renameChannel(
  database: Database,
  { code, projectId, name }: ChannelReference & { readonly name: string },
): Promise<Outcome<ChannelRow>> {
  return updateChannel(database, { code, projectId, name });
}

/** Removes an integration; what it still owed is not sent. Refused: `not-found`. */
export function deleteChannel(database: Database, { code, projectId }: ChannelReference): Promise<Outcome<ChannelRow>> {
  return outcomeOf(() =>
    database.sql.begin(async (sql) => {
      const [row] = await sql<ChannelRow[]>`
        delete from channels where code = ${code} and project_id = ${projectId} returning *`;
      if (!row) rollBack(NO_SUCH_CHANNEL);
      return row;
    }),
  );
}

/**
 * None of the checks can be deleted until the transaction ends, and whoever assigns the same meanwhile is waited for.
 * Rolls the transaction back when one of the codes is of no check of the project.
 */
async function assignToChecks(
  sql: TransactionSql,
  channel: Pick<ChannelRow, 'id' | 'project_id'>,
  checks: 'all' | readonly string[],
): Promise<void> {
  const named = checks === 'all' ? null : checks.map((code) => code.toLowerCase());
  const assigned = await sql<{ code: string }[]>`
    with assigned as (
      select id, code from checks
      where project_id = ${channel.project_id} ${named === null ? sql`` : sql`and code = any (${named}::uuid[])`}
      for key share
    ), linked as (
      insert into channel_checks (check_id, channel_id) select id, ${channel.id} from assigned
      on conflict do nothing
    )
    select code from assigned`;
  const codes = new Set(assigned.map(({ code }) => code));
  const missing = named?.find((code) => !codes.has(code));
  if (missing !== undefined) rollBack({ refused: 'checks', message: `invalid check identifier: ${missing}` });
}

/** Locks the channel until the end of the transaction; null when it is gone, or in another project. */
export async function lockChannel(
  sql: TransactionSql,
  { code, projectId }: ChannelReference,
): Promise<ChannelRow | null> {
  const rows = await sql<ChannelRow[]>`
    select * from channels where code = ${code} and project_id = ${projectId} for no key update`;
  return rows[0] ?? null;
}

function writable(sql: TransactionSql, settings: Partial<ChannelSettings>): Record<string, unknown> {
  const { value, ...rest } = settings;
  const flags = Object.entries(rest).filter(([, flag]) => flag !== undefined);
  return { ...Object.fromEntries(flags), ...(value === undefined ? {} : { value: sql.json(value as never) }) };
}
