import { findKind } from '@overdue/notifications';
import type { ChannelRow } from '../../rows/channel.ts';

export function kindLabel(kind: string): string {
  return findKind(kind)?.label ?? kind;
}

interface EmailValue {
  readonly value: string;
  readonly up: boolean;
  readonly down: boolean;
}

export function emailValue(value: unknown): EmailValue {
  if (typeof value === 'string') return { value, up: true, down: true };
  const fields = value as Partial<EmailValue>;
  return { value: String(fields.value ?? ''), up: fields.up ?? true, down: fields.down ?? true };
}

/** Its own name, or what it is and where it goes (IG-10). */
export function channelTitle(channel: Pick<ChannelRow, 'kind' | 'name' | 'value'>): string {
  return channel.name || channelDetail(channel);
}

/** What it is and where it goes (IG-11): "Email to ops@example.org (down only)". */
export function channelDetail({ kind, value }: Pick<ChannelRow, 'kind' | 'value'>): string {
  const known = findKind(kind);
  const stored = known?.schema.safeParse(value);
  const where = known && stored?.success ? known.describe(stored.data) : '';
  return where ? `${kindLabel(kind)} to ${where}` : kindLabel(kind);
}
