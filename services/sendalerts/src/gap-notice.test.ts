import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import type { Mail, Mailer } from '@overdue/notifications';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GapNotices } from './gap-notice.ts';
import { judgeDue } from './judge.ts';
import { silent, TestWorld } from './testing/world.ts';

const FROM = Date.UTC(2026, 10, 21, 12, 0, 1);

let database: TestDatabase;
let sent: Mail[];
/** Addresses that are refused for the time being. */
let refused: string[];
beforeEach(async () => {
  database = await createTestDatabase({ max: 8 });
  sent = [];
  refused = [];
  await database.sql`
    insert into users (username, email, is_superuser, is_active) values
      ('a', 'root@example.org', true, true), ('b', 'gone@example.org', true, false), ('c', 'user@example.org', false, true)`;
});
afterEach(() => database.drop());

function mailer(configured = true): Mailer {
  return {
    configured,
    async send(mail: Mail) {
      if (refused.includes(String(mail.to))) return { result: 'retry', error: 'SMTP error: 421' } as const;
      sent.push(mail);
      return { result: 'sent', answer: '250' } as const;
    },
  } as unknown as Mailer;
}
/** As a process does that has just started. */
function tell(by = mailer()): Promise<number> {
  const site = { siteName: 'Watch', siteRoot: 'https://site.test' };
  return new GapNotices({ sql: database.sql, mailer: by, site, logger: silent }).tell();
}

test('each gap is told once, to the superusers, whoever asks and however often', async () => {
  await database.sql`insert into gaps (from_at, until_at) values (${FROM}, ${FROM + 60_000})`;
  await Promise.all([tell(), tell(), tell()]);
  await tell();
  expect(sent.map((mail) => mail.to)).toEqual(['root@example.org']);
  expect(sent[0]!.text).toContain('from 2026-11-21 12:00:01 UTC until 2026-11-21 12:01:01 UTC');
  expect(await database.sql`select 1 from gaps where reported_at is null`).toHaveLength(0);
});

test('pings that an ingester had answered may be lost: that is said, and not that nobody was receiving', async () => {
  const ingester = randomUUID();
  await database.sql`
    insert into gaps (from_at, until_at, instance_id) values (${FROM}, ${FROM + 60_000}, ${ingester})`;
  await tell();
  expect(sent[0]!.subject).toBe('Watch may have lost pings');
  expect(sent[0]!.text).toContain(
    `The ingester ${ingester} is gone. Pings that it answered from 2026-11-21 12:00:01 UTC until 2026-11-21 12:01:01 UTC may be`,
  );
});

test('a gap that goes on is told at once, and not again when it ends', async () => {
  await database.sql`insert into gaps (from_at) values (${FROM})`;
  await tell();
  expect(sent[0]!.subject).toBe('Watch is not receiving pings');
  await database.sql`update gaps set until_at = ${FROM + 60_000}`;
  await tell();
  expect(sent).toHaveLength(1);
});

test('who takes no mail for a day is given up, and keeps nobody from hearing of the next gap', async () => {
  const { sql } = database;
  await sql`insert into users (username, email, is_superuser) values ('d', 'full@example.org', true)`;
  refused = ['full@example.org'];
  await sql`
    insert into gaps (from_at, until_at)
    select t, t + interval '1 minute' from (select to_timestamp(${FROM / 1000} + 100 * n) t from generate_series(1, 21) n) s`;
  expect(await tell()).toBe(20);
  await tell();
  expect(sent.map((mail) => mail.to)).toEqual(Array(21).fill('root@example.org'));
  expect(new Set(sent.map((mail) => mail.id)).size).toBe(21);
  await sql`update gaps set created_at = created_at - interval '25 hours'`;
  await tell();
  await tell();
  expect(await sql`select from gaps where reported_at is null`).toHaveLength(0);
  expect(sent).toHaveLength(21);
});

test('the transaction that keeps others from telling does not stand idle from one person to the next', async () => {
  const { sql } = database;
  await sql`insert into users (username, email, is_superuser) values ('d', 'second@example.org', true)`;
  await sql`insert into gaps (from_at, until_at) values (${FROM}, ${FROM + 60_000})`;
  const usedAt: string[] = [];
  const looking = {
    configured: true,
    async send() {
      const idle = await sql<{ at: string }[]>`
        select state_change::text as at from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction'`;
      usedAt.push(...idle.map(({ at }) => at));
      return { result: 'sent', answer: '250' } as const;
    },
  } as unknown as Mailer;
  await tell(looking);
  expect(usedAt).toHaveLength(2);
  expect(usedAt[1]).not.toBe(usedAt[0]);
});

test('what could not be sent is told later; one that was taken back is not told', async () => {
  await database.sql`
    insert into gaps (from_at, until_at) values (${FROM}, ${FROM + 60_000}), (${FROM + 100_000}, ${FROM + 100_000})`;
  refused = ['root@example.org'];
  expect(await tell()).toBe(1);
  refused = [];
  expect(await tell()).toBe(0);
  expect(sent).toHaveLength(1);
});

test('without SMTP it is only logged', async () => {
  await database.sql`insert into gaps (from_at, until_at) values (${FROM}, ${FROM + 60_000})`;
  expect(await tell(mailer(false))).toBe(0);
  expect(sent).toHaveLength(0);
});

test('one superuser who cannot be told now keeps nobody from hearing of it, once, whichever process tells', async () => {
  await database.sql`
    insert into users (username, email, is_superuser) values
      ('d', 'greylisted@example.org', true), ('e', 'last@example.org', true)`;
  await database.sql`insert into gaps (from_at, until_at) values (${FROM}, ${FROM + 60_000})`;
  refused = ['greylisted@example.org'];
  expect(await tell()).toBe(1);
  expect(await tell()).toBe(1);
  expect(sent.map((mail) => mail.to)).toEqual(['root@example.org', 'last@example.org']);
  refused = [];
  expect(await tell()).toBe(0);
  expect(await tell()).toBe(0);
  expect(sent.map((mail) => mail.to)).toEqual(['root@example.org', 'last@example.org', 'greylisted@example.org']);
});

test('a mail server that never answers does not keep checks from being judged', async () => {
  const { sql } = database;
  const world = await new TestWorld(sql).begin();
  // Due a second before the gap ends: held.
  const { id } = await world.check({ lastPing: FROM - 1000 });
  await sql`insert into gaps (from_at, until_at) values (${FROM}, ${FROM + 120_000})`;
  let asked = () => {};
  const sending = new Promise<void>((resolve) => {
    asked = resolve;
  });
  let answer = () => {};
  const silence = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const telling = tell({
    configured: true,
    async send(mail: Mail) {
      asked();
      await silence;
      sent.push(mail);
      return { result: 'sent', answer: '250' } as const;
    },
  } as unknown as Mailer);
  await sending;
  try {
    expect((await judgeDue(sql, FROM + 130_000, 100)).held).toBe(1);
    expect(await sql`select checks_held from gaps`).toEqual([{ checks_held: 1 }]);
    expect(await sql`select 1 from checks where id = ${id} and status = 'up'`).toHaveLength(1);
    // Another process leaves the gap to the one that is at it.
    expect(await tell()).toBe(0);
    expect(sent).toHaveLength(0);
  } finally {
    answer();
  }
  expect(await telling).toBe(0);
});

test('a connection that breaks while the mail is sent fails nobody afterwards', async () => {
  await database.sql`insert into gaps (from_at, until_at) values (${FROM}, ${FROM + 60_000})`;
  const cut = {
    configured: true,
    async send() {
      await database.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`;
      return { result: 'sent', answer: '250' } as const;
    },
  } as unknown as Mailer;
  await tell(cut).catch(() => {});
  // One query of each idle connection may find it gone.
  await Promise.allSettled(Array.from({ length: 20 }, () => database.sql`select pg_sleep(0.02)`));
  await Promise.all(Array.from({ length: 60 }, () => database.sql`select pg_sleep(0.01)`));
});
