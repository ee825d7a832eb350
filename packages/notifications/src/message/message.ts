import { compareNaturally, displayStatus } from '@overdue/checks';
import type { Clock, Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import type { HttpClient } from '../http/client.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { NotificationOptions } from '../options.ts';
import type { CheckFacts, Facts } from './facts.ts';
import { mayNotify } from './rate-limit.ts';
import { checkName } from './words.ts';

/** What kinds send with. */
export interface Tools {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly options: NotificationOptions;
  readonly http: HttpClient;
  readonly mailer: Mailer;
}

export interface OtherCheck {
  readonly name: string;
  readonly code: string;
  readonly lastPing: Instant | null;
}

/** One message to send: its facts, and what costs a query and not every kind needs, read when asked for. */
export class Message<Value = unknown> {
  readonly facts: Facts;
  /** The channel's value, as its kind's schema has it. */
  readonly value: Value;
  readonly tools: Tools;
  /** When the message is made; ages in it are as of then. */
  readonly now: Instant;

  constructor(facts: Facts, value: Value, tools: Tools) {
    this.facts = facts;
    this.value = value;
    this.tools = tools;
    this.now = tools.clock.now();
  }

  get down(): boolean {
    return this.facts.flip.newStatus === 'down';
  }

  get name(): string {
    return checkName(this.facts.check);
  }

  /** LASTBODY without limit; null: none, or no last ping. */
  async lastBody(): Promise<Buffer | null> {
    const { lastPing, check } = this.facts;
    if (!lastPing || lastPing.bodySize === 0 || check.id === null) return null;
    const [row] = await this.tools.sql<{ body: Buffer | null }[]>`
      select body from pings where check_id = ${check.id} and n = ${lastPing.n}`;
    return row?.body ?? null;
  }

  /** LASTBODY(n): the first `most` characters as text, and a note when there were more; empty: none. */
  async lastBodyText(most: number): Promise<string> {
    const body = await this.lastBody();
    const characters = [...(body?.toString('utf8') ?? '')];
    return characters.length > most ? `${characters.slice(0, most).join('')}\n[truncated]` : characters.join('');
  }

  /** False: this recipient got as many messages in the last minute as it may. */
  async mayNotify(kind: string, recipient: string): Promise<boolean> {
    return await mayNotify(this.tools.sql, this.tools.options.secretKey, kind, recipient);
  }

  /** UUIDs of the check's channels, sorted. */
  async channelCodes(): Promise<string[]> {
    const { check } = this.facts;
    if (check.id === null) return [];
    const rows = await this.tools.sql<{ code: string }[]>`
      select c.code from channel_checks cc join channels c on c.id = cc.channel_id
      where cc.check_id = ${check.id} order by c.code::text collate "C"`;
    return rows.map((row) => row.code);
  }

  /**
   * The project's other checks (OTHERS): null when there are none, else those stored as down, by name; with more than
   * ten down only their number.
   */
  async otherChecks(): Promise<{ readonly down: number; readonly named: readonly OtherCheck[] } | null> {
    const { check, project } = this.facts;
    const rows = await this.tools.sql<{ total: number; down: number; named: OtherCheck[] | null }[]>`
      with others as (
        select name, code, last_ping, status from checks
        where project_id = ${project.id} and id is distinct from ${check.id}
      )
      select count(*)::int as total, count(*) filter (where status = 'down')::int as down,
             case when count(*) filter (where status = 'down') <= 10 then
               jsonb_agg(jsonb_build_object('name', case when name = '' then code::text else name end, 'code', code,
                 'lastPing', (extract(epoch from last_ping) * 1000)::float8)) filter (where status = 'down')
             end as named
      from others`;
    const { total, down, named } = rows[0]!;
    if (total === 0) return null;
    return { down, named: (named ?? []).toSorted((a, b) => compareNaturally(a.name, b.name)) };
  }

  /** Projects of the account with exactly this address, for the overview in e-mails; null: no such account. */
  async accountOf(email: string): Promise<Account | null> {
    const [user] = await this.tools.sql<{ id: number; tz: string }[]>`
      select id, tz from users where email = ${email}`;
    if (!user) return null;
    const rows = await this.tools.sql<(CheckFacts & { project: string; projectName: string; ownerEmail: string })[]>`
      select p.code as project, p.name as "projectName", o.email as "ownerEmail",
             c.id, c.status, c.kind, c.timeout, c.grace, c.schedule, c.tz, c.last_ping, c.last_start, c.alert_after
      from projects p
      join users o on o.id = p.owner_id
      left join checks c on c.project_id = p.id
      where p.owner_id = ${user.id} or exists (select from members m where m.project_id = p.id and m.user_id = ${user.id})
      order by lower(p.name), p.id`;
    const projects = new Map<string, { code: string; name: string; down: number }>();
    for (const row of rows) {
      const project = projects.get(row.project) ?? {
        code: row.project,
        name: row.projectName || row.ownerEmail,
        down: 0,
      };
      if (row.id !== null && displayStatus(row, this.now) === 'down') project.down++;
      projects.set(row.project, project);
    }
    return { tz: user.tz, projects: [...projects.values()] };
  }
}

export interface Account {
  readonly tz: string;
  readonly projects: readonly { readonly code: string; readonly name: string; readonly down: number }[];
}
