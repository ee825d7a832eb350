import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { gapMail, type Mailer } from '@overdue/notifications';

export interface GapNoticeDeps {
  readonly sql: Sql;
  readonly mailer: Mailer;
  readonly site: { readonly siteName: string; readonly siteRoot: string };
  readonly logger: {
    warn(context: object, message: string): void;
    error(context: object, message: string): void;
  };
}

/**
 * Tells the superusers of gaps they have not been told of, one e-mail a gap: the row is locked while it is sent, so of
 * several instances one sends, and what could not be sent is tried at the next call.
 * @returns how many are still untold
 */
export async function tellOfGaps(deps: GapNoticeDeps): Promise<number> {
  const { sql, mailer, site, logger } = deps;
  const untold = await sql<{ id: number }[]>`
    select id from gaps where reported_at is null and (until_at is null or until_at > from_at) order by id limit 20`;
  let left = 0;
  for (const { id } of untold) {
    const told = await sql.begin(async (tx) => {
      const [gap] = await tx<{ from: Instant; until: Instant | null }[]>`
        select from_at as "from", until_at as until from gaps where id = ${id} and reported_at is null
        for update skip locked`;
      if (!gap) return true;
      const people = await tx<{ email: string }[]>`select email from users where is_superuser and is_active`;
      const from = new Date(gap.from).toISOString();
      const until = gap.until === null ? null : new Date(gap.until).toISOString();
      logger.warn({ from, until }, 'No ingester was receiving pings');
      if (mailer.configured && people.length > 0) {
        const mail = gapMail(site, { from: words(from), until: until && words(until) });
        for (const { email } of people) {
          const result = await mailer.send({ to: email, id: `gap-${id}-${gap.from}`, ...mail });
          if (result.result === 'retry') {
            logger.error({ error: result.error }, 'The operator could not be told of a gap; trying again');
            return false;
          }
        }
      }
      await tx`update gaps set reported_at = now() where id = ${id}`;
      return true;
    });
    if (!told) left++;
  }
  return left;
}

/** `2026-11-21 09:30:00 UTC` */
function words(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}
