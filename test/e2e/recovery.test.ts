import { type HttpReceiver, startHttpReceiver } from '@overdue/notifications/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freshEnvironment, overdue, type PidName, Product } from '../support/product.ts';
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

test('kill -TERM of PostgreSQL, which then waits for its sessions: brought back as well, and every ping counts', async () => {
  const bootstrap = ['bootstrap', '--email', 'ops@example.org', '--password', 'correct horse', '--project', 'Ops'];
  const headers = { 'x-api-key': JSON.parse((await overdue(product.env, bootstrap)).stdout).api_key };
  const body = JSON.stringify({ name: 'pinged all the time' });
  const created = await fetch(`${product.url}/api/v3/checks/`, { method: 'POST', headers, body });
  const { ping_url, update_url } = (await created.json()) as { ping_url: string; update_url: string };
  const answers: number[] = [];
  let over = false;
  const pinging = (async () => {
    while (!over) answers.push((await fetch(`${ping_url}/log`)).status);
  })();
  try {
    const before = product.pidOf('postgres')!;
    process.kill(before, 'SIGTERM');
    await eventually('postgres is back', () => ![null, before].includes(product.pidOf('postgres')));
    const pings = async () => ((await (await fetch(update_url, { headers })).json()) as { n_pings: number }).n_pings;
    await eventually('status 200', async () => (await fetch(`${product.url}/api/v3/status/`)).status === 200);
    over = true;
    await pinging;
    expect(new Set(answers)).toEqual(new Set([200]));
    await eventually('all are counted', async () => (await pings()) === answers.length);
  } finally {
    over = true;
    await pinging.catch(() => undefined);
  }
});

test('after it all, the product says that it can do its whole job', async () => {
  await eventually('status 200', async () => (await fetch(`${product.url}/api/v3/status/`)).status === 200);
});
