/** The delivery queue: sends what the outbox owes, on PostgreSQL alone or through BullMQ on Redis. See docs/alerting.md. */
export { BullmqQueue, type BullmqQueueOptions } from './bullmq-queue.ts';
export { createQueue } from './create-queue.ts';
export { type Hint, HintedQueue, type Hints } from './hinted-queue.ts';
export type { QueueOptions } from './options.ts';
export { PostgresQueue } from './postgres-queue.ts';
export type { RedisTarget } from './redis.ts';
export { GIVE_UP_AFTER, nextDelay } from './retry.ts';
export type {
  Claim,
  DeliveryHandler,
  DeliveryQueue,
  LogEntry,
  NotificationState,
  Outcome,
  Prepared,
  QueueLogger,
} from './types.ts';
export { SilentDatabaseError, within } from './within.ts';
