import { findKind } from './kinds.ts';

/**
 * Where a channel sends to, such as an address or a host, for whoever holds an API key: settings can be written but not
 * read, so nothing secret is in it. Empty when the stored value cannot be read.
 */
export function channelSummary(kind: string, value: unknown): string {
  const known = findKind(kind);
  try {
    const stored = known?.schema.safeParse(value);
    if (!known || !stored?.success) return '';
    return known.summary ? known.summary(stored.data) : known.describe(stored.data);
  } catch {
    return ''; // an address that is none, from before it was looked at when it was entered
  }
}
