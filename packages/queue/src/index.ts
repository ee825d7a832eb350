/** The delivery queue: sends what the outbox owes, on PostgreSQL alone or through BullMQ on Redis. See docs/alerting.md. */
export { PostgresQueue, type QueueOptions } from './postgres-queue.ts';
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
