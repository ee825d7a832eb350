import { randomUUID } from 'node:crypto';
import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { SPOOLING_SINCE } from '@overdue/pings/vouching';

/** Rows for tests of alerts: people, projects, checks, channels, and an ingester that only keeps its watermark. */
export class TestWorld {
  readonly sql: Sql;
  projectId = 0;
  userId = 0;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  async begin(): Promise<this> {
    const tag = randomUUID().slice(0, 8);
    const [user] = await this.sql<{ id: number }[]>`
      insert into users (username, email, is_superuser) values (${tag}, ${`boss-${tag}@example.org`}, true) returning id`;
    this.userId = user!.id;
    const [project] = await this.sql<{ id: number }[]>`
      insert into projects (name, owner_id, badge_key) values ('Backups', ${this.userId}, ${tag}) returning id`;
    this.projectId = project!.id;
    return this;
  }

  /** A check that is up, pinged last at `lastPing`; by default due a minute later, with a minute of grace. */
  async check(fields: {
    name?: string;
    lastPing: Instant;
    timeout?: number;
    grace?: number;
    kind?: string;
    schedule?: string;
    alertAfter?: Instant;
    tags?: string;
    channels?: readonly number[];
  }): Promise<{ id: number; code: string }> {
    const { timeout = 60, grace = 60 } = fields;
    const due = fields.alertAfter ?? fields.lastPing + (timeout + grace) * 1000;
    const [check] = await this.sql<{ id: number; code: string }[]>`
      insert into checks (project_id, name, tags, kind, schedule, timeout, grace, status, n_pings, last_ping, alert_after,
                          wake_at)
      values (${this.projectId}, ${fields.name ?? 'nightly'}, ${fields.tags ?? ''}, ${fields.kind ?? 'simple'},
              ${fields.schedule ?? '* * * * *'}, ${timeout}, ${grace}, 'up', 1, ${fields.lastPing}, ${due}, ${due})
      returning id, code`;
    for (const channel of fields.channels ?? []) {
      await this.sql`insert into channel_checks (check_id, channel_id) values (${check!.id}, ${channel})`;
    }
    return check!;
  }

  async channel(
    kind: string,
    value: unknown,
    more: { verified?: boolean; down?: boolean; up?: boolean } = {},
  ): Promise<number> {
    const [channel] = await this.sql<{ id: number }[]>`
      insert into channels (project_id, kind, value, email_verified, notify_down, notify_up)
      values (${this.projectId}, ${kind}, ${value as never}::jsonb, ${more.verified ?? true}, ${more.down ?? true},
              ${more.up ?? true}) returning id`;
    return channel!.id;
  }
}

export function webhookValue(urlDown: string, urlUp = urlDown, more: Record<string, unknown> = {}) {
  return {
    method_down: 'POST',
    url_down: urlDown,
    body_down: '$NAME is $STATUS',
    headers_down: {},
    method_up: 'POST',
    url_up: urlUp,
    body_up: '$NAME is $STATUS',
    headers_up: {},
    name: '',
    ...more,
  };
}

/** What an ingester leaves in the database: its row, and the stretch that it covers. */
export class FakeIngester {
  readonly id = randomUUID();
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Starts receiving at `from`, and vouches up to `until`. */
  async start(from: Instant, until: Instant = from): Promise<this> {
    await this.#sql`
      insert into instances (id, service, host, pid, started_at, watermark)
      values (${this.id}, 'ingester', 'test', 1, ${from}, ${until})`;
    await this.#sql`insert into coverage (instance_id, from_at, until_at) values (${this.id}, ${from}, ${until})`;
    return this;
  }

  /** A sign of life: everything accepted before `until` is committed. `watermark`: when it differs from coverage. */
  async vouch(until: Instant, watermark: Instant = until): Promise<void> {
    await this
      .#sql`update instances set seen_at = clock_timestamp(), info = '{}', watermark = ${watermark} where id = ${this.id}`;
    await this
      .#sql`update coverage set until_at = greatest(until_at, ${until}::timestamptz) where instance_id = ${this.id}`;
  }

  /** A sign of life without progress: it is spooling, or applying its spool. */
  async beat(): Promise<void> {
    await this.#sql`
      update instances set seen_at = clock_timestamp(), info = jsonb_build_object(${SPOOLING_SINCE}::text, 0)
      where id = ${this.id}`;
  }

  async stop(): Promise<void> {
    await this.#sql`update instances set stopped_at = now() where id = ${this.id}`;
  }
}

export const silent = { debug() {}, info() {}, warn() {}, error() {} };
