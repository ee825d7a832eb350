import { displayStatus } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { CheckRow } from '@overdue/operations';
import { z } from 'zod';
import { timestamp, timestampOrNull } from '../http/timestamps.ts';

/** A check in the words of Heartbeat Central. */
export const applicationSchema = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    uuid: z.string().meta({ format: 'uuid' }).describe('Heartbeats go to `/heartbeat/{uuid}`.'),
    expected_interval: z.int().nullable().describe('Seconds; null: the check has a schedule.'),
    grace_period: z.int().describe('Seconds.'),
    is_active: z.boolean().describe('False: paused.'),
    status: z.enum(['new', 'up', 'grace', 'down', 'paused']),
    last_heartbeat: z.string().nullable().meta({ format: 'date-time' }),
    created_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Application' });

export function applicationDocument(check: CheckRow, now: Instant): z.output<typeof applicationSchema> {
  return {
    id: check.id,
    name: check.name,
    uuid: check.code,
    expected_interval: check.kind === 'simple' ? check.timeout : null,
    grace_period: check.grace,
    is_active: check.status !== 'paused',
    status: displayStatus(check, now),
    last_heartbeat: timestampOrNull(check.last_ping),
    created_at: timestamp(check.created_at),
  };
}
