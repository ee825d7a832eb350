import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import type { Mail, Mailer } from '@overdue/notifications';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tellOfGaps } from './gap-notice.ts';
import { silent } from './testing/world.ts';

const FROM = Date.UTC(2026, 10, 21, 12, 0, 1);

let database: TestDatabase;
let sent: Mail[];
let refuse = false;
beforeEach(async () => {
  database = await createTestDatabase({ max: 8 });
  sent = [];
  refuse = false;
  await database.sql`
    insert into users (username, email, is_superuser, is_active) values
      ('a', 'root@example.org', true, true), ('b', 'gone@example.org', true, false), ('c', 'user@example.org', false, true)`;
});
afterEach(() => database.drop());

function mailer(configured = true): Mailer {
  return {
    configured,
    async send(mail: Mail) {
      if (refuse) return { result: 'retry', error: 'SMTP error: 421' } as const;
      sent.push(mail);
      return { result: 'sent', answer: '250' } as const;
    },
  } as unknown as Mailer;
}
const tell = (with_ = mailer()) =>
  tellOfGaps({
    sql: database.sql,
    mailer: with_,
    site: { siteName: 'Watch', siteRoot: 'https://site.test' },
    logger: silent,
  });

test('each gap is told once, to the superusers, whoever asks and however often', async () => {
  await database.sql`insert into gaps (from_at, until_at) values (${FROM}, ${FROM + 60_000})`;
  await Promise.all([tell(), tell(), tell()]);
  await tell();
  expect(sent.map((mail) => mail.to)).toEqual(['root@example.org']);
  expect(sent[0]!.text).toContain('from 2026-11-21 12:00:01 UTC until 2026-11-21 12:01:01 UTC');
  expect(await database.sql`select 1 from gaps where reported_at is null`).toHaveLength(0);
});

test('a gap that goes on is told at once, and not again when it ends', async () => {
  await database.sql`insert into gaps (from_at) values (${FROM})`;
  await tell();
  expect(sent[0]!.subject).toBe('Watch is not receiving pings');
  await database.sql`update gaps set until_at = ${FROM + 60_000}`;
  await tell();
  expect(sent).toHaveLength(1);
});

test('what could not be sent is told later; one that was taken back is not told', async () => {
  await database.sql`
    insert into gaps (from_at, until_at) values (${FROM}, ${FROM + 60_000}), (${FROM + 100_000}, ${FROM + 100_000})`;
  refuse = true;
  expect(await tell()).toBe(1);
  refuse = false;
  expect(await tell()).toBe(0);
  expect(sent).toHaveLength(1);
});

test('without SMTP it is only logged', async () => {
  await database.sql`insert into gaps (from_at, until_at) values (${FROM}, ${FROM + 60_000})`;
  expect(await tell(mailer(false))).toBe(0);
  expect(sent).toHaveLength(0);
});
