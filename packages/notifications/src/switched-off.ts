import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import type { DeliveryLogger } from './deliver.ts';
import { findKind } from './kinds.ts';
import type { Mailer } from './mail/mailer.ts';
import { channelDisabledMail } from './mail/notices.tsx';
import { channelSummary } from './summary.ts';

/** Of these at once at most. */
const MOST_AT_ONCE = 20;

interface SwitchedOff {
  readonly id: number;
  readonly code: string;
  readonly kind: string;
  readonly name: string;
  readonly value: unknown;
  readonly error: string;
  readonly lastNotify: Instant | null;
  readonly project: string;
  readonly projectCode: string;
  readonly ownerEmail: string;
}

/**
 * Tells the owners of projects by e-mail of integrations that were switched off because their receiver refuses for good.
 * What is to be told is in the database (`channels.tell_owner_at`, written with the outcome that switched it off), so
 * nothing is lost when a process dies or the mail server is away: to be called again and again. Any number of processes
 * may; what cannot be sent now is due again after a minute.
 * @returns how many could not be told now
 */
export async function tellOwners(deps: {
  readonly sql: Sql;
  readonly mailer: Mailer;
  readonly site: { readonly siteName: string; readonly siteRoot: string };
  readonly logger: DeliveryLogger;
}): Promise<number> {
  const { sql, logger } = deps;
  // Switched on again before anybody was told.
  await sql`update channels set tell_owner_at = null where tell_owner_at is not null and not disabled`;
  const due = await sql<SwitchedOff[]>`
    update channels c set tell_owner_at = now() + interval '1 minute'
    from projects p join users u on u.id = p.owner_id
    where p.id = c.project_id and c.id in (
      select id from channels where disabled and tell_owner_at <= now()
      order by tell_owner_at limit ${MOST_AT_ONCE} for no key update skip locked
    )
    returning c.id, c.code, c.kind, c.name, c.value, c.last_error as error, c.last_notify as "lastNotify",
              p.name as project, p.code as "projectCode", u.email as "ownerEmail"`;
  let left = 0;
  for (const channel of due) {
    const result = await tellOwner(deps, channel);
    if (result?.result === 'retry') {
      left++;
      logger.warn(
        { channel: channel.code, error: result.error },
        'The owner could not be told that an integration was switched off; trying again',
      );
      continue;
    }
    if (result?.result === 'failed') {
      logger.error(
        { channel: channel.code, error: result.error },
        'The owner cannot be told that an integration was switched off',
      );
    }
    // Unless it was switched on, and off again, in the meantime: that is due now.
    await sql`update channels set tell_owner_at = null where id = ${channel.id} and tell_owner_at > now()`;
  }
  return left;
}

/** Null: there is no way to tell. The integrations page says it, too. */
async function tellOwner({ mailer, site }: Parameters<typeof tellOwners>[0], channel: SwitchedOff) {
  const { kind, value, code, lastNotify, ownerEmail, project, projectCode } = channel;
  const summary = channelSummary(kind, value);
  // A dead mailbox cannot be told of its own death.
  if (!mailer.configured || (kind === 'email' && summary.startsWith(ownerEmail))) return null;
  const label = findKind(kind)?.label ?? kind;
  const mail = channelDisabledMail(site, { label, name: channel.name || summary, project, projectCode }, channel.error);
  return await mailer.send({ to: ownerEmail, id: `switched-off-${code}-${lastNotify ?? 0}`, ...mail });
}
