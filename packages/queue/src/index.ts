/** The delivery queue: sends what the outbox owes, on PostgreSQL alone or through BullMQ on Redis. See docs/alerting.md. */
export { createQueue } from './create-queue.ts';
export { type Hint, HintedQueue, type Hints } from './hinted-queue.ts';
export { PostgresQueue } from './postgres-queue.ts';
export { within } from './within.ts';
