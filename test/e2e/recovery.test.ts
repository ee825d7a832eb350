import { type HttpReceiver, startHttpReceiver } from '@overdue/notifications/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freshEnvironment, type PidName, Product } from '../support/product.ts';
import { SmtpSink } from '../support/smtp-sink.ts';
import { tellStory } from './story.ts';

let smtp: SmtpSink;
let receiver: HttpReceiver;
let product: Product;
beforeAll(async () => {
  smtp = await new SmtpSink().start();
  receiver = await startHttpReceiver();
  const env = { ...smtp.env, INTEGRATIONS_ALLOW_PRIVATE_IPS: 'True' };
  product = await Product.start(await freshEnvironment(env));
});
afterAll(async () => {
  await product?.dispose();
  await Promise.all([smtp.stop(), receiver.close()]);
});

/** Who is killed after which scene; each at least once, the database twice. */
const VICTIMS: Record<string, readonly PidName[]> = {
  'signed up': ['web'],
  'check created': ['postgres'],
  up: ['ingester', 'sendreports'],
  late: ['sendalerts'],
  down: ['postgres', 'ingester'],
  'up again': ['sendalerts'],
};

test('kill -9 of each service and of PostgreSQL: all are brought back, and the story completes', {
  timeout: 300_000,
}, async () => {
  await tellStory({
    product,
    smtp,
    receiver,
    async between(scene) {
      for (const victim of VICTIMS[scene] ?? []) await product.kill(victim);
    },
  });
  // Whoever was killed in the middle of a delivery may have to send it again; nothing may be missing.
  expect(smtp.mails.length).toBeGreaterThanOrEqual(2);
  expect(receiver.requests.length).toBeGreaterThanOrEqual(2);
});

test('after it all, the product says that it can do its whole job', async () => {
  await eventually('status 200', async () => (await fetch(`${product.url}/api/v3/status/`)).status === 200);
});
