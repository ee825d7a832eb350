import { randomUUID } from 'node:crypto';
import { recordFlips, type Sql } from '@overdue/database';
import type { Claim, DeliveryHandler, Outcome } from '../types.ts';

/** Rows that owe messages, for tests and benches of the queue. */
export class TestOutbox {
  readonly #sql: Sql;
  #project = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async begin(): Promise<this> {
    const tag = randomUUID().slice(0, 8);
    const [project] = await this.#sql<{ id: number }[]>`
      with boss as (insert into users (username, email) values (${tag}, ${`${tag}@example.org`}) returning id)
      insert into projects (owner_id, badge_key) select id, ${tag} from boss returning id`;
    this.#project = project!.id;
    return this;
  }

  /** `count` channels; their kind is theirs to use, their value is `{ "to": <to> }`. */
  async channels(count: number, to: (i: number) => string): Promise<number[]> {
    const values = Array.from({ length: count }, (_, i) => ({ value: { to: to(i) } }));
    const rows = await this.#sql<{ id: number }[]>`
      insert into channels (project_id, kind, value)
      select ${this.#project}, 'test', value from jsonb_to_recordset(${values as never}::jsonb) as v(value jsonb)
      returning id`;
    return rows.map((row) => row.id);
  }

  /** `count` checks, each assigned to `channels(i)`. */
  async checks(count: number, channels: (i: number) => readonly number[]): Promise<number[]> {
    const rows = await this.#sql<{ id: number }[]>`
      insert into checks (project_id, status) select ${this.#project}, 'up' from generate_series(1, ${count}) returning id`;
    const ids = rows.map((row) => row.id);
    const links = ids.flatMap((check, i) => channels(i).map((channel) => ({ check, channel })));
    await this.#sql`
      insert into channel_checks (check_id, channel_id)
      select "check", channel from jsonb_to_recordset(${links as never}::jsonb) as l("check" bigint, channel bigint)`;
    return ids;
  }

  /** A flip of each check: what the outbox then owes. */
  async flip(checks: readonly number[], newStatus: 'up' | 'down'): Promise<number> {
    return await recordFlips(
      this.#sql,
      checks.map((checkId) => ({
        checkId,
        createdAt: Date.now(),
        oldStatus: newStatus === 'down' ? 'up' : 'down',
        newStatus,
        reason: newStatus === 'down' ? 'timeout' : '',
      })),
    );
  }

  async states(): Promise<Record<string, number>> {
    const rows = await this.#sql<{ state: string; count: number }[]>`
      select state, count(*)::int as count from notifications group by state`;
    return Object.fromEntries(rows.map((row) => [row.state, row.count]));
  }
}

export interface Sending {
  readonly claim: Claim;
  readonly to: string;
}

/** A handler that "sends" by calling `send`; destinations are what channels' values say. */
export function testHandler(
  sql: Sql,
  send: (sending: Sending) => Outcome | Promise<Outcome>,
): DeliveryHandler & { sent: Sending[] } {
  const sent: Sending[] = [];
  return {
    sent,
    async prepare(claims) {
      const rows = await sql<{ id: number; to: string }[]>`
        select id, value ->> 'to' as "to" from channels where id = any(${claims.map((c) => c.channelId)}::bigint[])`;
      const destinations = new Map(rows.map((row) => [row.id, row.to]));
      return new Map(
        claims.flatMap((claim) => {
          const to = destinations.get(claim.channelId);
          if (to === undefined) return [];
          return [
            [
              claim.id,
              {
                destination: to,
                async send() {
                  sent.push({ claim, to });
                  return await send({ claim, to });
                },
              },
            ] as const,
          ];
        }),
      );
    },
  };
}

export const quiet = { debug() {}, info() {}, warn() {}, error() {} };
