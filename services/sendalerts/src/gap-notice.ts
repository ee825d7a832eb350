import type { Instant, Milliseconds } from '@overdue/clock';
import type { Sql, TransactionSql } from '@overdue/database';
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
 * Tells the superusers of gaps, one e-mail a gap. No row is locked while it is sent, because judging needs the gap's
 * row (`countHeld`) and holds checks meanwhile: of several processes one sends, by an advisory lock. (In a transaction:
 * the driver puts a reserved connection that broke back into its pool, where it fails for others.)
 */
export class GapNotices {
  readonly #deps: GapNoticeDeps;
  /** Of which gaps it has been logged. */
  readonly #logged = new Set<number>();

  /** @param deps `sql` is read at each use, so it may be a getter */
  constructor(deps: GapNoticeDeps) {
    this.#deps = deps;
  }

  /**
   * Tells of the gaps that somebody has still to be told of, first of those that nobody was told of. What could not be sent
   * is tried at the next call, for a day.
   * @returns how many are still untold, as far as this process has to do with it
   */
  async tell(): Promise<number> {
    const { sql } = this.#deps;
    const untold = await sql<{ id: number }[]>`
      select id from gaps where reported_at is null and (until_at is null or until_at > from_at)
      order by exists (select from gap_mails where gap_id = gaps.id), id limit 20`;
    let left = 0;
    for (const { id } of untold) if (!(await this.#alone(sql, id, (lock) => this.#tellOf(sql, id, lock)))) left++;
    return left;
  }

  /**
   * Does nothing, and returns true, when another process is at it. The transaction holds that one lock and nothing else;
   * one that stands idle for a minute is ended by the database, so `tellOf` uses it now and then.
   */
  async #alone(sql: Sql, id: number, tellOf: (lock: TransactionSql) => Promise<boolean>): Promise<boolean> {
    return await sql.begin(async (tx) => {
      const [row] = await tx<{ mine: boolean }[]>`
        select pg_try_advisory_xact_lock(hashtextextended(${`overdue:gap:${id}`}, 0)) as mine`;
      return !row!.mine || (await tellOf(tx));
    });
  }

  async #tellOf(sql: Sql, id: number, lock: TransactionSql): Promise<boolean> {
    const { mailer, logger } = this.#deps;
    const [gap] = await sql<GapRow[]>`
      select id, from_at as "from", until_at as until, instance_id as ingester,
             created_at < now() - ${GIVE_UP_AFTER} * interval '1 millisecond' as old from gaps
      where id = ${id} and reported_at is null`;
    if (!gap) return true;
    if (!this.#logged.has(id)) {
      const { from, until, ingester } = gap;
      const text = ingester ? 'Pings that an ingester had answered may be lost' : 'No ingester was receiving pings';
      logger.warn({ from: iso(from), until: until && iso(until), ...(ingester ? { ingester } : {}) }, text);
      this.#logged.add(id);
    }
    if (mailer.configured && !(await this.#send(sql, gap, lock))) return false;
    await sql`update gaps set reported_at = now() where id = ${id}`;
    this.#logged.delete(id);
    return true;
  }

  /**
   * When one address fails, the others get no second mail, also not from another process.
   * @returns whether nobody has to be tried again
   */
  async #send(sql: Sql, { id, from, until, ingester, old }: GapRow, lock: TransactionSql): Promise<boolean> {
    const { mailer, site, logger } = this.#deps;
    const people = await sql<{ id: number; email: string }[]>`
      select id, email from users
      where is_superuser and is_active
        and not exists (select from gap_mails where gap_id = ${id} and user_id = users.id) order by id`;
    const mail = gapMail(site, { from: words(from), until: until === null ? null : words(until), ingester });
    let all = true;
    for (const { id: user, email } of people) {
      const result = await mailer.send({ to: email, id: `gap-${id}-${from}`, ...mail });
      const again = result.result === 'retry' && !old;
      if (result.result === 'retry') {
        const text = `An operator could not be told of a gap; ${again ? 'trying again' : 'given up'}`;
        logger.error({ to: email, error: result.error }, text);
      }
      if (again) all = false;
      else await sql`insert into gap_mails (gap_id, user_id) values (${id}, ${user}) on conflict do nothing`;
      await lock`select 1`;
    }
    return all;
  }
}

/** An address that takes nothing for that long after the gap was recorded is not tried again. */
const GIVE_UP_AFTER: Milliseconds = 86_400_000;

interface GapRow {
  readonly id: number;
  readonly from: Instant;
  /** Null: it goes on. */
  readonly until: Instant | null;
  /** Whose pings may be lost; null: nobody was receiving. */
  readonly ingester: string | null;
  /** Recorded so long ago that who cannot be told now is given up. */
  readonly old: boolean;
}

function iso(at: Instant): string {
  return new Date(at).toISOString();
}

/** `2026-11-21 09:30:00 UTC` */
function words(at: Instant): string {
  return `${iso(at).slice(0, 10)} ${iso(at).slice(11, 19)} UTC`;
}
