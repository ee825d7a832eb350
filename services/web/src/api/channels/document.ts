import type { Instant } from '@overdue/clock';
import type { Database } from '@overdue/database';
import { channelSummary } from '@overdue/notifications';
import type { ChannelRow } from '@overdue/operations';
import { z } from 'zod';
import { timestamp, timestampOrNull } from '../http/timestamps.ts';

const instant = z.string().meta({ format: 'date-time' });

/** An integration as our own API shows it: what it is set to is written, never read back. */
export const channelDocumentSchema = z
  .strictObject({
    id: z.string().meta({ format: 'uuid' }),
    name: z.string(),
    kind: z.string(),
    summary: z.string().describe('Where it sends to, or what kind of secret it holds.'),
    disabled: z.boolean().describe('Switched off after a permanent error, or by unsubscribing.'),
    verified: z.boolean().describe('Kind email: the address was confirmed. True for all other kinds.'),
    notify_down: z.boolean(),
    notify_up: z.boolean(),
    last_notify: instant.nullable().describe('When a message was last sent.'),
    last_error: z.string().describe('Why the last message was not delivered; empty when it was.'),
    checks: z.array(z.string()).describe('UUIDs of the checks that it is assigned to.'),
    created: instant,
  })
  .meta({ id: 'Channel' });

export type ShownChannel = ChannelRow & { readonly checks: readonly string[] };

/** With what its document shows; null: there is none, or not in this project. */
export async function readChannel({ sql }: Database, projectId: number, code: string): Promise<ShownChannel | null> {
  const [row] = await sql<(ChannelRow & { checks: string | null })[]>`
    select ch.*, (
      select string_agg(c.code::text, ',' order by c.id)
      from channel_checks cc join checks c on c.id = cc.check_id where cc.channel_id = ch.id
    ) as checks
    from channels ch where ch.code = ${code} and ch.project_id = ${projectId}`;
  return row ? { ...row, checks: row.checks?.split(',') ?? [] } : null;
}

export function channelDocument(channel: ShownChannel): z.output<typeof channelDocumentSchema> {
  return {
    id: channel.code,
    name: channel.name,
    kind: channel.kind,
    summary: channelSummary(channel.kind, channel.value),
    disabled: channel.disabled,
    verified: channel.kind !== 'email' || channel.email_verified,
    notify_down: channel.notify_down,
    notify_up: channel.notify_up,
    last_notify: timestampOrNull(channel.last_notify as Instant | null),
    last_error: channel.last_error,
    checks: [...channel.checks],
    created: timestamp(channel.created_at),
  };
}
