import type { Clock, Milliseconds } from '@overdue/clock';
import type { Database } from '@overdue/database';
import type { Finish } from './finish.ts';
import type { Claim, Route } from './types.ts';
import { within } from './within.ts';

export interface OutboxOptions {
  /** Looked at for each statement, so its pool may be replaced meanwhile. */
  readonly database: Pick<Database, 'sql'>;
  /** This worker: its instances.id. */
  readonly worker: string;
  /** How long a claim lasts unless renewed. */
  readonly lease: Milliseconds;
  /** For measuring the silence of the database. */
  readonly clock: Clock;
  /** Only for tests: the clock's time instead of the database's. */
  readonly clockInOutbox?: boolean;
  /** A statement that takes longer is given up, and `onSilence` is called. */
  readonly silence: Milliseconds;
  readonly onSilence: () => void;
}

/** What a look at the outbox came to. */
export interface Found {
  readonly claims: Claim[];
  /** It looked at as many rows as it may at once: there may be more. (Those claimed are fewer when some have to wait.) */
  readonly more: boolean;
}

/** A part of a statement. */
type Fragment = ReturnType<Database['sql']>;

const SENDING = 'Sending';

/**
 * The outbox's SQL. Rows of `notifications` go
 *
 *   owed ──claim──> owed, leased ──finish──> sent | failed | dropped
 *                        │  └──────finish──> owed, next_attempt_at later     (another attempt)
 *                        ├──release───────> owed                             (not tried)
 *                        └──lease ends────> owed                             (the worker died)
 *
 * and of the rows of one (channel, check) only the oldest owed one can be claimed, so "up" never overtakes "down".
 *
 * `leased_by` null with `leased_until` set: handed to Redis, which should bring it to a worker before that.
 * All times are the database's, so clocks of hosts need not agree; `clock` replaces them in the simulation.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #worker: string;
  readonly #lease: number;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#worker = options.worker;
    this.#lease = options.lease;
  }

  /**
   * Claims up to `limit` rows that are due, oldest first, passing over those of `busy` routes.
   * `handedOver`: also take rows that Redis was handed (it is away).
   */
  async claimDue(limit: number, busy: readonly Route[], handedOver = false): Promise<Found> {
    if (limit <= 0) return { claims: [], more: true };
    const now = this.#now();
    const since = this.#options.clock.monotonic();
    const rows = await this.#ask<(Partial<Claim> & { readonly seen: number })[]>(
      (sql) => sql`
      with ${this.#firstDue(
        limit,
        busy,
        sql`(leased_until is null or leased_until <= ${now} or (${handedOver} and leased_by is null))`,
      )}, ${this.#claimed()}
      select h.seen, c.* from (select count(*)::int as seen from head) h left join (${this.#claims()}) c on true`,
    );
    return { claims: this.#leased(rows, since), more: rows[0]?.seen === limit };
  }

  /** Claims those of `ids` that are due, free (or handed to Redis), and first of their channel and check. */
  async claimIds(ids: readonly number[]): Promise<Claim[]> {
    if (ids.length === 0) return [];
    const now = this.#now();
    const since = this.#options.clock.monotonic();
    const rows = await this.#ask<Partial<Claim>[]>(
      (sql) => sql`
      with first as materialized (
        select id from notifications n
        where id = any(${ids as number[]}::bigint[]) and state = 'owed' and next_attempt_at <= ${now}
          and (leased_by is null or leased_until <= ${now})
          and not exists (select from notifications o
                          where o.state = 'owed' and o.channel_id = n.channel_id and o.check_id = n.check_id
                            and o.id < n.id)
        order by id
        for update skip locked
      ), ${this.#claimed()}
      ${this.#claims()}`,
    );
    return this.#leased(rows, since);
  }

  /**
   * Marks up to `limit` due rows as handed to Redis for `hold`, and returns them. Rows whose lease ended (a worker died,
   * or Redis forgot them) are not among them: those are claimed directly.
   */
  async handOver(
    limit: number,
    busy: readonly Route[],
    hold: Milliseconds,
  ): Promise<{ rows: { id: number; attempts: number }[]; more: boolean }> {
    const found = await this.#ask<{ seen: number; id: number | null; attempts: number }[]>(
      (sql) => sql`
      with ${this.#firstDue(limit, busy, sql`leased_until is null`)}, handed as (
        update notifications n set leased_until = ${this.#now()} + ${hold} * interval '1 millisecond', leased_by = null
        from first where n.id = first.id
        returning n.id, n.attempts
      )
      select h.seen, handed.* from (select count(*)::int as seen from head) h left join handed on true`,
    );
    const rows = found.flatMap(({ id, attempts }) => (id === null ? [] : [{ id, attempts }]));
    return { rows, more: found[0]?.seen === limit };
  }

  /** Claims due rows whose lease has ended: their worker died, or Redis forgot them. */
  async claimAbandoned(limit: number, busy: readonly Route[]): Promise<Found> {
    if (limit <= 0) return { claims: [], more: false };
    const now = this.#now();
    const rows = await this.#ask<{ id: number }[]>(
      (sql) => sql`
      select id from notifications
      where state = 'owed' and next_attempt_at <= ${now} and leased_until <= ${now} ${this.#notOf(busy)}
      order by next_attempt_at, id limit ${limit}`,
    );
    const claims = await this.claimIds(rows.map((row) => row.id));
    return { claims, more: claims.length > 0 && rows.length === limit };
  }

  /**
   * Extends the claims on `ids`.
   * @returns which of them are still this worker's, and until when (monotonic)
   */
  async renew(ids: readonly number[]): Promise<{ ids: ReadonlySet<number>; until: Milliseconds }> {
    const until = this.#options.clock.monotonic() + this.#lease;
    if (ids.length === 0) return { ids: new Set(), until };
    const rows = await this.#ask<{ id: number }[]>(
      (sql) => sql`
      with
      -- in the order of ids, as they are finished: each of the two waits for the other's rows
      held as materialized (
        select id from notifications
        where id = any(${ids as number[]}::bigint[]) and leased_by = ${this.#worker} and state = 'owed'
        order by id for no key update
      )
      update notifications n set leased_until = ${this.#now()} + ${this.#lease} * interval '1 millisecond'
      from held where n.id = held.id
      returning n.id`,
    );
    return { ids: new Set(rows.map((row) => row.id)), until };
  }

  /** Gives claims back untried; they are due again after their `delay`. The error shown is that of the last attempt. */
  async release(items: readonly { id: number; delay: Milliseconds }[]): Promise<void> {
    if (items.length === 0) return;
    await this.#ask(
      (sql) => sql`
      update notifications n
      set leased_until = null, leased_by = null, error = coalesce(log -> -1 ->> 'answer', ''),
          next_attempt_at = case when i.delay > 0 then ${this.#now()} + i.delay * interval '1 millisecond'
                                 else next_attempt_at end
      from jsonb_to_recordset(${items as never}::jsonb) as i(id bigint, delay double precision)
      where n.id = i.id and n.leased_by = ${this.#worker} and n.state = 'owed'`,
    );
  }

  /** Puts off what is owed on these routes and nobody is sending: their destination does not answer. */
  async postpone(routes: readonly Route[], delay: Milliseconds): Promise<void> {
    if (routes.length === 0) return;
    const now = this.#now();
    await this.#ask(
      (sql) => sql`
      with due as (
        select id from notifications
        where ${this.#of(routes)} and state = 'owed' and next_attempt_at <= ${now}
          and (leased_until is null or leased_by is null)
        for update skip locked
      )
      update notifications n
      set next_attempt_at = ${now} + ${delay} * interval '1 millisecond', leased_until = null from due where n.id = due.id`,
    );
  }

  /** The routes' destination answers again: what waits for another attempt goes now, unless a receiver set a time. */
  async pullForward(routes: readonly Route[]): Promise<void> {
    if (routes.length === 0) return;
    const now = this.#now();
    await this.#ask(
      (sql) => sql`
      with waiting as (
        select id from notifications
        where ${this.#of(routes)} and state = 'owed' and next_attempt_at > ${now}
          and leased_until is null and not coalesce(log -> -1 ? 'retry_after', false)
        for update skip locked
      )
      update notifications n set next_attempt_at = ${now} from waiting where n.id = waiting.id`,
    );
  }

  /**
   * Writes how attempts ended: the rows, their channels' record (status-and-alerting.md D4), and the rows that waited
   * behind them become due. A success counts even when the lease was lost meanwhile; anything else only with the lease.
   * @returns the ids that were written
   */
  async finish(items: readonly Finish[]): Promise<Set<number>> {
    if (items.length === 0) return new Set();
    const now = this.#now();
    const ordered = [...items].sort((a, b) => a.id - b.id);
    const input = ordered.map((f) => ({
      id: f.id,
      state: f.state,
      error: f.error,
      entry: f.entry,
      delay: f.delay,
      channel: f.channelId,
      started: f.startedAt,
      duration: Math.round(f.duration),
      disable: f.disable,
    }));
    const rows = await this.#ask<{ id: number }[]>(
      (sql) => sql`
      with
      -- materialized: the parameter is taken apart once
      input as materialized (
        select * from jsonb_to_recordset(${input as never}::jsonb)
          as i(id bigint, state text, error text, entry jsonb, delay double precision, channel bigint,
               started double precision, duration integer, disable boolean)
      ),
      -- only what is still owed, and this worker's: whoever took it over says what became of it, unless it did arrive
      done as (
        update notifications n
        set state = i.state, error = i.error, leased_until = null, leased_by = null,
            attempts = n.attempts + 1, log = n.log || i.entry,
            next_attempt_at = case when i.state = 'owed' then ${now} + i.delay * interval '1 millisecond' end,
            finished_at = case when i.state <> 'owed' then ${now} end
        from input i
        where n.id = i.id and n.state = 'owed' and (n.leased_by = ${this.#worker} or i.state = 'sent')
        returning n.id, n.channel_id, n.check_id, i.state, i.error, i.started, i.duration, i.disable
      ),
      -- the message after each finished one was put off for its sake and has no reason of its own to wait
      next as (
        update notifications n set next_attempt_at = ${now}
        from (select distinct (select min(o.id) from notifications o
                               where o.state = 'owed' and o.channel_id = d.channel_id and o.check_id = d.check_id
                                 and o.id > d.id) as id
              from done d where d.state <> 'owed') s
        where n.id = s.id and n.next_attempt_at > ${now} and n.attempts = 0 and n.leased_until is null
      ),
      -- a channel shows its newest attempt, and one that switched it off counts whatever came after
      latest as (
        select distinct on (channel_id) channel_id, error, started, duration,
               bool_or(disable) over (partition by channel_id) as disable
        from done where started is not null
        order by channel_id, started desc, id desc
      ),
      -- in the order of ids, so that two workers that write about the same channels cannot deadlock
      locked as materialized (
        select c.id from channels c join latest l on l.channel_id = c.id order by c.id for no key update of c
      ),
      channel as (
        update channels c
        set last_notify = to_timestamp(l.started / 1000.0), last_notify_duration_ms = l.duration,
            last_error = l.error, disabled = c.disabled or l.disable,
            tell_owner_at = case when l.disable and not c.disabled then ${now} else c.tell_owner_at end
        from latest l join locked k on k.id = l.channel_id
        where c.id = l.channel_id
      )
      select id from done`,
    );
    return new Set(rows.map((row) => row.id));
  }

  /**
   * The table `first` of a `with`: up to `limit` rows that are due and `free` (a condition), oldest first, passing over
   * those of `busy` routes. A row that has to wait for an older one of its channel and check is not among them, and is
   * moved out of the way, so that such rows cannot pile up in front.
   */
  #firstDue(limit: number, busy: readonly Route[], free: Fragment): Fragment {
    const { sql } = this.#options.database;
    const now = this.#now();
    return sql`
      head as materialized (
        select id, channel_id, check_id
        from notifications
        where state = 'owed' and next_attempt_at <= ${now} and ${free} ${this.#notOf(busy)}
        order by next_attempt_at, id
        limit ${limit}
        for update skip locked
      ), placed as (
        select h.id, (select min(o.id) from notifications o
                      where o.state = 'owed' and o.channel_id = h.channel_id and o.check_id = h.check_id) as first_id
        from head h
      ), behind as (
        update notifications n
        set next_attempt_at = greatest(o.next_attempt_at, o.leased_until, ${now} + interval '1 second')
        from placed p join notifications o on o.id = p.first_id
        where n.id = p.id and p.first_id < p.id
      ), first as (
        select id from placed where coalesce(first_id, id) = id
      )`;
  }

  /** The table `claimed` of a `with`: this worker takes the lease of the rows of `first`. */
  #claimed(): Fragment {
    return this.#options.database.sql`
      claimed as (
        update notifications n
        set leased_until = ${this.#now()} + ${this.#lease} * interval '1 millisecond', leased_by = ${this.#worker},
            error = ${SENDING}
        from first where n.id = first.id
        returning n.*
      )`;
  }

  /** What `claimed` holds, as {@link Claim}s. */
  #claims(): Fragment {
    return this.#options.database.sql`
      select id, code, channel_id as "channelId", check_id as "checkId", flip_id as "flipId",
             check_status as "checkStatus", attempts, created_at as "createdAt"
      from claimed order by id`;
  }

  /** A condition: on one of these routes. The channels are said apart, for the index. */
  #of(routes: readonly Route[]): Fragment {
    const channels = [...new Set(routes.map((route) => Number.parseInt(route, 10)))];
    return this.#options.database.sql`
      channel_id = any(${channels}::bigint[]) and channel_id || ' ' || check_status = any(${routes as Route[]}::text[])`;
  }

  /** `and` a condition: on none of these routes. */
  #notOf(routes: readonly Route[]): Fragment {
    const { sql } = this.#options.database;
    return routes.length === 0
      ? sql``
      : sql`and channel_id || ' ' || check_status <> all(${routes as Route[]}::text[])`;
  }

  /** Rows of {@link #claims}, when the statement that claimed them was sent at `since` (monotonic). */
  #leased(rows: readonly Partial<Claim>[], since: Milliseconds): Claim[] {
    const leaseEnds = since + this.#lease;
    return rows.flatMap((row) => {
      const { id, code, channelId, checkId, flipId, checkStatus, attempts, createdAt } = row as Claim;
      if (id === null) return [];
      return [{ id, code, channelId, checkId, flipId, checkStatus, attempts, createdAt, leaseEnds }];
    });
  }

  #now(): Fragment {
    const { clock, clockInOutbox, database } = this.#options;
    return clockInOutbox ? database.sql`to_timestamp(${clock.now() / 1000}::float8)` : database.sql`now()`;
  }

  /** One statement, in time or not at all. */
  async #ask<Rows>(statement: (sql: Database['sql']) => PromiseLike<unknown>): Promise<Rows> {
    const { clock, silence, onSilence, database } = this.#options;
    return (await within(clock, silence, statement(database.sql), onSilence)) as Rows;
  }
}
