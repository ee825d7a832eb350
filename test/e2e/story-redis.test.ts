import { type HttpReceiver, startHttpReceiver } from '@overdue/notifications/testing';
import { redisAvailable, startRedis, type TestRedis } from '@overdue/queue/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshEnvironment, Product } from '../support/product.ts';
import { SmtpSink } from '../support/smtp-sink.ts';
import { tellStory } from './story.ts';

describe.runIf(redisAvailable())('with the delivery queue on Redis', () => {
  let redis: TestRedis;
  let smtp: SmtpSink;
  let receiver: HttpReceiver;
  let product: Product;
  beforeAll(async () => {
    redis = await startRedis();
    smtp = await new SmtpSink().start();
    receiver = await startHttpReceiver();
    const env = { ...smtp.env, INTEGRATIONS_ALLOW_PRIVATE_IPS: 'True', REDIS_URL: redis.url };
    product = await Product.start(await freshEnvironment(env));
  });
  afterAll(async () => {
    await product?.dispose();
    await Promise.all([smtp.stop(), receiver.close(), redis.stop()]);
  });

  test('the story', { timeout: 300_000 }, async () => {
    await tellStory({ product, smtp, receiver });
    expect(smtp.mails).toHaveLength(2);
    expect(receiver.requests).toHaveLength(2);
  });
});
