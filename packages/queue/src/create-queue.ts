import { BullmqQueue } from './bullmq-queue.ts';
import type { QueueOptions } from './options.ts';
import { PostgresQueue } from './postgres-queue.ts';
import type { RedisTarget } from './redis.ts';
import type { DeliveryQueue } from './types.ts';

/**
 * The delivery queue for a configuration: on BullMQ when there is a Redis, else on PostgreSQL alone.
 * @param prefix QUEUE_PREFIX: the first part of every key in Redis, so that several products can share one
 */
export function createQueue(options: QueueOptions, redis: RedisTarget | null, prefix: string): DeliveryQueue {
  return redis ? new BullmqQueue({ ...options, redis, prefix }) : new PostgresQueue(options);
}
