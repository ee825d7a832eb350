/** For tests and benches: a real Redis, rows that owe messages, a handler that pretends to send. */
export { redisAvailable, startRedis, type TestRedis } from './redis.ts';
