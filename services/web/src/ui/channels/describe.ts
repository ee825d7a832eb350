import { findKind } from '@overdue/notifications';
import type { ChannelRow } from '../../rows/channel.ts';

/** What people call the kind; a kind that is not known any more, by its name. */
export function kindLabel(kind: string): string {
  return findKind(kind)?.label ?? kind;
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
