import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Mailer } from './mail/mailer.ts';
import { tellOwners } from './switched-off.ts';
import { OPTIONS } from './testing/fixtures.ts';
import { type SmtpReceiver, startSmtpReceiver } from './testing/receivers.ts';

const silent = { info() {}, warn() {}, error() {} };

let database: TestDatabase;
let project = 0;
let smtp: SmtpReceiver;
let mailer: Mailer;
beforeAll(async () => {
  database = await createTestDatabase();
  const [row] = await database.sql<{ id: number }[]>`
    with boss as (insert into users (username, email) values ('boss', 'boss@example.org') returning id)
    insert into projects (owner_id, badge_key, name, code)
    select id, 'b', 'Ops & <more>', '11111111-2222-4333-8444-555555555555' from boss returning id`;
  project = row!.id;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql`delete from channels`;
  smtp = await startSmtpReceiver();
  mailer = new Mailer({ ...OPTIONS.email, host: '127.0.0.1', port: smtp.port });
});
afterEach(async () => {
  mailer.close();
  await smtp.close();
});

/** A channel that was switched off by its receiver. */
async function switchedOff(more: Record<string, unknown> = {}): Promise<number> {
  const columns = {
    project_id: project,
    kind: 'slack',
    value: 'https://hooks.slack.com/services/T/B/X',
    name: 'Pager <1>',
    disabled: true,
    last_error: 'Received status code 404',
    last_notify: Date.UTC(2026, 10, 21, 12),
    tell_owner_at: Date.now() - 1000,
    ...more,
  };
  const [row] = await database.sql<{ id: number }[]>`
    insert into channels ${database.sql(columns as never)} returning id`;
  return row!.id;
}

const tell = (with_ = mailer) => tellOwners({ sql: database.sql, mailer: with_, site: OPTIONS, logger: silent });
const left = async () =>
  (await database.sql`select 1 from channels where tell_owner_at is not null and disabled`).length;
const becomeDue = () =>
  database.sql`update channels set tell_owner_at = now() - interval '1 second' where tell_owner_at is not null`;

test('the owner of the project gets one e-mail: what was switched off, why, and where to mend it', async () => {
  await switchedOff();
  expect(await tell()).toBe(0);
  expect(await tell()).toBe(0);
  expect(smtp.mails).toHaveLength(1);
  const [mail] = smtp.mails;
  expect(mail!.to).toEqual(['boss@example.org']);
  expect(mail!.raw).toMatch(/^Subject: Integration switched off: Pager <1>/m);
  const text = mail!.raw.replaceAll('=\r\n', '').replaceAll('=3D', '=');
  expect(text).toContain('Slack integration');
  expect(text).toContain('the project Ops & <more>');
  expect(text).toContain('Ops &amp; &lt;more');
  expect(text).toContain('Received status code 404');
  expect(text).toContain('https://site.test/projects/11111111-2222-4333-8444-555555555555/integrations/');
  expect(await left()).toBe(0);
});

test('nothing is lost while the mail server is away; a repetition carries the same Message-ID', async () => {
  await switchedOff();
  const away = new Mailer({ ...OPTIONS.email, host: '127.0.0.1', port: 1 });
  expect(await tell(away)).toBe(1);
  away.close();
  expect(await left()).toBe(1);
  // Not at once: it is due again after a minute.
  expect(await tell()).toBe(0);
  expect(smtp.mails).toHaveLength(0);
  await becomeDue();
  const dies = { configured: true, send: () => Promise.reject(new Error('killed')) } as unknown as Mailer;
  await expect(tell(dies)).rejects.toThrow('killed');
  await becomeDue();
  expect(await tell()).toBe(0);
  expect(await left()).toBe(0);
  // As if the process had died before it wrote down that it had told.
  await database.sql`update channels set tell_owner_at = now()`;
  expect(await tell()).toBe(0);
  const ids = smtp.mails.map((mail) => /^Message-ID:\s*<(.*)>/im.exec(mail.raw)![1]);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
});

test('of several that look at once one tells', async () => {
  await Promise.all([switchedOff(), switchedOff({ name: 'Other' })]);
  await Promise.all([tell(), tell(), tell()]);
  expect(smtp.mails.map((mail) => /^Subject: .*: (.*?)\r?$/m.exec(mail.raw)![1]).toSorted()).toEqual([
    'Other',
    'Pager <1>',
  ]);
});

test('not told: what was switched on again, what a person switched off, a dead mailbox of its own death', async () => {
  const on = await switchedOff({ disabled: false });
  await switchedOff({ tell_owner_at: null });
  await switchedOff({ kind: 'email', value: { value: 'boss@example.org', up: true, down: true }, name: '' });
  expect(await tell()).toBe(0);
  expect(smtp.mails).toEqual([]);
  expect(await left()).toBe(0);
  // A person who switches it off later is not a receiver that refused.
  await database.sql`update channels set disabled = true where id = ${on}`;
  expect(await tell()).toBe(0);
  expect(smtp.mails).toEqual([]);
});

test('an owner whose address is refused for good is given up; without a mail server there is no way', async () => {
  await switchedOff();
  await smtp.close();
  smtp = await startSmtpReceiver({
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error('5.1.1 unknown'), { responseCode: 550 })),
  });
  const refused = new Mailer({ ...OPTIONS.email, host: '127.0.0.1', port: smtp.port });
  expect(await tell(refused)).toBe(0);
  refused.close();
  expect(await left()).toBe(0);
  await switchedOff();
  expect(await tell(new Mailer(OPTIONS.email))).toBe(0);
  expect(await left()).toBe(0);
});
