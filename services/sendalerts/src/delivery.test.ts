import { randomUUID } from 'node:crypto';
import { systemClock } from '@overdue/clock';
import { recordFlips } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { createDelivery, deadLetters, HttpClient, Mailer, resend } from '@overdue/notifications';
import { type HttpReceiver, OPTIONS, startHttpReceiver } from '@overdue/notifications/testing';
import { PostgresQueue } from '@overdue/queue';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent, TestWorld, webhookValue } from './testing/world.ts';

/** What is owed on its way through the queue and an integration to a receiver: no part of it is played. */

let database: TestDatabase;
let world: TestWorld;
let receiver: HttpReceiver;
/** What a path answers; 200 unless said. */
let statuses: Record<string, number>;
let warnings: string[];
let http: HttpClient;
let queue: PostgresQueue;

beforeEach(async () => {
  database = await createTestDatabase({ max: 10 });
  world = await new TestWorld(database.sql).begin();
  statuses = {};
  warnings = [];
  receiver = await startHttpReceiver();
  receiver.answer = ({ url }, response) => response.writeHead(statuses[url] ?? 200).end();
  http = new HttpClient(OPTIONS.http, systemClock);
  const { sql } = database;
  const logger = { ...silent, warn: (_: object, message: string) => void warnings.push(message) };
  queue = new PostgresQueue({ database, clock: systemClock, logger, worker: randomUUID(), poll: 200 });
  await queue.start(
    createDelivery({
      sql,
      clock: systemClock,
      options: OPTIONS,
      http,
      mailer: new Mailer(OPTIONS.email),
      logger: silent,
    }),
  );
});
afterEach(async () => {
  await queue.stop(500);
  await http.close();
  await receiver.close();
  await database.drop();
});

/** A check with a webhook to `path` goes down. */
async function goesDown(path: string): Promise<void> {
  const now = Date.now();
  const channel = await world.channel('webhook', webhookValue(receiver.url + path));
  const check = await world.check({ lastPing: now, channels: [channel] });
  await recordFlips(database.sql, [
    { checkId: check.id, createdAt: now, oldStatus: 'up', newStatus: 'down', reason: 'timeout' },
  ]);
}

const called = (path: string) => receiver.requests.filter((request) => request.url === path);

test('one address that always fails does not keep anything from another one at the same host', async () => {
  statuses['/a'] = 500;
  for (let i = 0; i < 8; i++) await goesDown('/a');
  await expect.poll(() => called('/a').length).toBeGreaterThanOrEqual(8);
  await goesDown('/b');
  await expect.poll(() => called('/b').length).toBe(1);
  expect(warnings).not.toContain('A destination does not answer; leaving it alone');
});

test('a host that does not answer at all is left alone', async () => {
  statuses['/a'] = 503;
  for (let i = 0; i < 8; i++) await goesDown('/a');
  await expect.poll(() => warnings).toContain('A destination does not answer; leaving it alone');
});

test('a message that was given up is a dead letter; resent, it arrives with the same delivery id', async () => {
  const { sql } = database;
  statuses['/a'] = 500;
  await goesDown('/a');
  await expect.poll(() => called('/a').length).toBeGreaterThanOrEqual(1);
  // A day goes by.
  await sql`update notifications set created_at = now() - interval '25 hours', next_attempt_at = now()`;
  await expect.poll(() => deadLetters(sql, world.projectId)).toHaveLength(1);
  const [letter] = await deadLetters(sql, world.projectId);
  expect(letter).toMatchObject({ checkStatus: 'down', channelKind: 'webhook', error: 'Received status code 500' });

  delete statuses['/a'];
  const before = called('/a').length;
  expect(await resend(sql, letter!.id, world.projectId)).toBe(true);
  await expect.poll(() => called('/a').length).toBe(before + 1);
  expect(new Set(receiver.requests.map((request) => request.headers['overdue-delivery']))).toEqual(
    new Set([letter!.code]),
  );
  await expect.poll(() => sql`select state, error from notifications`).toEqual([{ state: 'sent', error: '' }]);
  expect(await deadLetters(sql, world.projectId)).toEqual([]);
});
