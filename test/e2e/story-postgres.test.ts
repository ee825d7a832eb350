import { type HttpReceiver, startHttpReceiver } from '@overdue/notifications/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshEnvironment, Product } from '../support/product.ts';
import { SmtpSink } from '../support/smtp-sink.ts';
import { tellStory } from './story.ts';

let smtp: SmtpSink;
let receiver: HttpReceiver;
let product: Product;
beforeAll(async () => {
  smtp = await new SmtpSink().start();
  receiver = await startHttpReceiver();
  // As its users start it: through npm, from a fresh DATA_DIR.
  const env = await freshEnvironment({ ...smtp.env, INTEGRATIONS_ALLOW_PRIVATE_IPS: 'True' });
  product = await Product.start(env, ['npm', 'start']);
});
afterAll(async () => {
  await product?.dispose();
  await Promise.all([smtp.stop(), receiver.close()]);
});

test('npm start says where the dashboard is and how to sign in the first time, and last that it is ready', () => {
  const lines = product.output
    .slice(0, product.output.search(/^overdue ready.*$/m))
    .trimEnd()
    .split('\n');
  expect(lines.some((line) => line.includes(product.url))).toBe(true);
  expect(lines.some((line) => /first visit/i.test(line))).toBe(true);
});

test('what is installed and built is neither again: others may be running from it', () => {
  expect(product.output).not.toMatch(/^(Installing|Building)/m);
});

test('the story, with the delivery queue on PostgreSQL', { timeout: 300_000 }, async () => {
  await tellStory({ product, smtp, receiver });
  // One each: nothing is sent twice.
  expect(smtp.mails).toHaveLength(2);
  expect(receiver.requests.map((r) => r.url.slice(0, 4))).toEqual(['/dow', '/up?']);
});

test('SIGINT stops everything in order within 15 seconds, exit code 0, and leaves no pid file', async () => {
  const began = performance.now();
  // Twice, as npm and a terminal would deliver it.
  process.kill(product.pid, 'SIGINT');
  expect(await product.stop('SIGINT')).toBe(0);
  expect(performance.now() - began).toBeLessThan(15_000);
  for (const name of ['ingester', 'web', 'sendalerts', 'sendreports', 'postgres'] as const) {
    expect(product.pidOf(name)).toBeNull();
  }
});
