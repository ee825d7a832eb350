import { systemClock } from '@overdue/clock';
import { recordFlips } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { createDelivery, HttpClient, Mailer, type NotificationOptions } from '@overdue/notifications';
import { OPTIONS, startHttpReceiver, startSmtpReceiver } from '@overdue/notifications/testing';
import { PostgresQueue } from '@overdue/queue';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Evaluator } from './evaluator.ts';
import { FakeIngester, silent, TestWorld, webhookValue } from './testing/world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 10 });
});
afterAll(() => database.drop());

test('late, down, e-mail and webhook; pinged, up, e-mail and webhook', async () => {
  const receiver = await startHttpReceiver();
  const smtp = await startSmtpReceiver();
  const { requests } = receiver;
  const { mails } = smtp;
  const options: NotificationOptions = {
    ...OPTIONS,
    email: { ...OPTIONS.email, host: '127.0.0.1', port: smtp.port },
  };
  const { sql } = database;
  const world = await new TestWorld(sql).begin();
  const webhook = await world.channel('webhook', webhookValue(receiver.url));
  const email = await world.channel('email', { value: 'ops@example.org', up: true, down: true });
  const now = Date.now();
  const ingester = await new FakeIngester(sql).start(now - 3_600_000, now);
  const check = await world.check({ name: 'nightly dump', lastPing: now - 121_000, channels: [webhook, email] });

  const mailer = new Mailer(options.email);
  const http = new HttpClient(options.http, systemClock);
  const delivery = createDelivery({ sql, clock: systemClock, options, http, mailer, logger: silent });
  const queue = new PostgresQueue({ database, clock: systemClock, logger: silent, worker: ingester.id });
  const evaluator = new Evaluator({ database, clock: systemClock, logger: silent, minGap: 5000 });
  await queue.start(delivery);
  evaluator.start();
  try {
    await expect.poll(() => requests.length + mails.length).toBe(2);
    expect(requests[0]!.body).toBe('nightly dump is down');
    expect(requests[0]!.headers['user-agent']).toBe('healthchecks.io');
    expect(mails[0]!.raw).toMatch(/^Subject: DOWN \| nightly dump/m);
    const rows = await sql<{ code: string; state: string; error: string }[]>`
      select code, state, error from notifications order by id`;
    await expect.poll(async () => (await sql`select 1 from notifications where state = 'sent'`).length).toBe(2);
    expect(rows.map((row) => row.code)).toContain(requests[0]!.headers['overdue-delivery']);
    expect(mails[0]!.raw).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
    const [flip] = await sql`select * from flips`;
    expect(flip).toMatchObject({ created_at: now - 1000, old_status: 'up', new_status: 'down', reason: 'timeout' });
    expect(flip!.decision).toMatchObject({ rule: 'timeout', deadline: now - 1000 });

    // The ping that brings it back up, as the ingester applies it.
    await sql.begin(async (tx) => {
      await tx`update checks set status = 'up' where id = ${check.id}`;
      await recordFlips(tx, [
        { checkId: check.id, createdAt: Date.now(), oldStatus: 'down', newStatus: 'up', reason: '' },
      ]);
    });
    await expect.poll(() => requests.length + mails.length).toBe(4);
    expect(requests[1]!.body).toBe('nightly dump is up');
    expect(mails[1]!.raw).toMatch(/^Subject: UP \| nightly dump/m);
    await expect.poll(async () => (await sql`select 1 from notifications where state = 'sent'`).length).toBe(4);
    const [channel] =
      await sql`select last_error, last_notify, last_notify_duration_ms from channels where id = ${webhook}`;
    expect(channel).toMatchObject({ last_error: '', last_notify: expect.any(Number) });
  } finally {
    await evaluator.stop();
    await queue.stop(1000);
    mailer.close();
    await http.close();
    await receiver.close();
    await smtp.close();
  }
});
