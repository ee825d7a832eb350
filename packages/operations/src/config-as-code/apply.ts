import type { Clock } from '@overdue/clock';
import type { Database, TransactionSql } from '@overdue/database';
import { type ChannelRow, insertChannel } from '../channels/channels.ts';
import { replaceChannels } from '../channels/selection.ts';
import { insertCheck } from '../checks/create.ts';
import { lockOwner, requireRoom, takeRoom } from '../checks/limit.ts';
import type { CheckRow } from '../checks/row.ts';
import { writeChanges } from '../checks/update.ts';
import { outcomeOf } from '../outcome.ts';
import { readFile } from './file.ts';
import type { ChannelKinds } from './kinds.ts';
import { type Change, type Current, type Links, makePlan, type Plan } from './plan.ts';

export interface ApplyOptions {
  readonly clock: Clock;
  /** `channelKinds(KINDS, options)` with the registry and options of packages/notifications. */
  readonly kinds: ChannelKinds;
  /** Only says what would be done. */
  readonly dryRun?: boolean;
  /** Also deletes the checks of the project that are not in the file. Integrations are never deleted. */
  readonly prune?: boolean;
  /** What `${NAME}` in settings of integrations is filled in from. Default: nothing. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export type ApplyResult =
  | { readonly ok: true; readonly plan: Plan; readonly applied: boolean }
  /** Nothing was changed. */
  | { readonly ok: false; readonly errors: readonly string[] };

/** Ends the transaction of a plan that cannot be made. */
class CannotPlan extends Error {
  readonly errors: readonly string[];
  constructor(errors: readonly string[]) {
    super(errors.join('\n'));
    this.errors = errors;
  }
}

/**
 * Makes a project as a file says, in one transaction: all of it or nothing. Checks are found by slug, integrations by
 * name. Doing it again does nothing. Pings go on meanwhile; other changes to the project wait.
 */
export async function applyConfig(
  database: Database,
  project: { readonly id: number },
  yamlText: string,
  options: ApplyOptions,
): Promise<ApplyResult> {
  const file = readFile(yamlText, options.env ?? {});
  if (!file.ok) return file;
  try {
    const outcome = await outcomeOf(() =>
      database.sql.begin(async (sql) => {
        const owner = await lockOwner(sql, project.id);
        const current = await readProject(sql, project.id, !options.dryRun);
        const planned = makePlan(file.wanted, current, { kinds: options.kinds, prune: options.prune ?? false });
        if (!planned.ok) throw new CannotPlan(planned.errors);
        const count = (action: Change['action']) =>
          planned.plan.changes.filter((c) => c.object === 'check' && c.action === action).length;
        const adding = count('create') - count('delete');
        if (adding > 0) await (options.dryRun ? requireRoom : takeRoom)(sql, owner, adding);
        if (!options.dryRun) await carryOut(sql, options.clock, project.id, planned.plan);
        return planned.plan;
      }),
    );
    if (!outcome.ok) return { ok: false, errors: [outcome.message] };
    return { ok: true, plan: outcome.value, applied: !options.dryRun };
  } catch (error) {
    if (error instanceof CannotPlan) return { ok: false, errors: error.errors };
    throw error;
  }
}

/** @param lock takes the locks of all checks, in the order in which the ping path takes them */
export async function readProject(sql: TransactionSql, projectId: number, lock: boolean): Promise<Current> {
  const checks = await sql<CheckRow[]>`
    select * from checks where project_id = ${projectId} order by id ${lock ? sql`for no key update` : sql``}`;
  const channels = await sql<ChannelRow[]>`
    select * from channels where project_id = ${projectId} order by id ${lock ? sql`for no key update` : sql``}`;
  const rows = await sql<{ check_id: number; channel_id: number }[]>`
    select cc.check_id, cc.channel_id from channel_checks cc join checks c on c.id = cc.check_id
    where c.project_id = ${projectId} order by cc.channel_id`;
  const links = new Map<number, number[]>();
  for (const { check_id, channel_id } of rows) links.set(check_id, [...(links.get(check_id) ?? []), channel_id]);
  return { checks, channels, links };
}

async function carryOut(sql: TransactionSql, clock: Clock, projectId: number, { changes }: Plan): Promise<void> {
  const made = new Map<string, number>();
  const idsOf = (links: Links) => [...links.ids, ...links.made.map((name) => made.get(name)!)];
  for (const change of changes) {
    if (change.object === 'channel' && change.action === 'create') {
      const { kind, settings, key: name } = change;
      // Whoever runs this holds the database's password, so addresses need no confirmation.
      const email_verified = kind === 'email';
      const row = await insertChannel(sql, clock, { projectId, kind, name, checks: [], email_verified, ...settings });
      made.set(name, row.id);
    }
    if (change.object === 'channel' && change.action === 'update') {
      const { value, notify_down, notify_up } = change.settings;
      await sql`
        update channels
        set value = ${sql.json(value as never)}, notify_down = ${notify_down}, notify_up = ${notify_up},
            disabled = false, last_error = '', email_verified = ${change.row.kind === 'email'}
        where id = ${change.row.id}`;
    }
  }
  for (const change of changes) {
    if (change.object !== 'check') continue;
    if (change.action === 'create') {
      await insertCheck(sql, clock, projectId, change.columns, idsOf(change.links));
    } else if (change.action === 'update') {
      const changes = await writeChanges(sql, change.row, change.columns);
      const links = change.links ? replaceChannels(sql, change.row.id, idsOf(change.links)) : [];
      await Promise.all([...changes, ...links]);
    } else {
      await sql`delete from checks where id = ${change.row.id}`;
    }
  }
}
