import { describe } from 'vitest';
import { PostgresQueue } from './postgres-queue.ts';
import { testDeliveryQueue } from './testing/delivery-queue.ts';

describe('the delivery queue on PostgreSQL', () => testDeliveryQueue((options) => new PostgresQueue(options)));
