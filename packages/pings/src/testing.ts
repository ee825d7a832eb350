import { randomUUID } from 'node:crypto';
import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import type { Outcome, Ping } from './ping.ts';
import type { CountedPing } from './spool/journal.ts';
import { uuid7 } from './uuid7.ts';
import type { WriterEvents } from './writer.ts';

const nothing = () => undefined;
/** For tests: a writer that tells nobody of anything. */
export const NO_EVENTS: WriterEvents = {
  committed: nothing,
  spooled: nothing,
  refused: nothing,
  away: nothing,
  back: nothing,
  stranded: nothing,
  poison: nothing,
  problem: nothing,
};

/** For tests: a project of a new user. @returns its id */
export async function makeProject(sql: Sql, columns: { readonly ping_key?: string } = {}): Promise<number> {
  const name = randomUUID();
  const [user] = await sql`insert into users (username, email) values (${name}, ${`${name}@example.org`}) returning id`;
  const [project] = await sql<{ id: number }[]>`
    insert into projects ${sql({ owner_id: user!.id, badge_key: name, ...columns })} returning id`;
  return project!.id;
}

/** For tests: a plain success by HTTP, but for `fields`; a new id each time. */
export function makePing(checkId: number, at: Instant, fields: Partial<Ping> = {}): Ping {
  return {
    id: uuid7(at),
    at,
    checkId,
    unresolved: null,
    kind: 'success',
    rulesVersion: null,
    exitStatus: null,
    rid: null,
    scheme: 'http',
    method: 'GET',
    remoteAddr: null,
    ua: '',
    body: null,
    skipped: 0,
    late: false,
    ...fields,
  };
}

/** For tests: a coalesced ping for the journal, of a sum of its own; `refused`: the disk did not take it. */
export function countedPing(checkId: number, ping: Ping, settle: (outcome: Outcome) => void): CountedPing {
  return { checkId, ping, sender: { settle }, sum: { unwritten: () => settle('refused') } };
}
