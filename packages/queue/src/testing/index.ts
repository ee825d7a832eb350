/** For tests and benches: a real Redis, rows that owe messages, a handler that pretends to send. */
export { quiet, type Sending, TestOutbox, testHandler } from './outbox.ts';
export { redisAvailable, startRedis, type TestRedis } from './redis.ts';
