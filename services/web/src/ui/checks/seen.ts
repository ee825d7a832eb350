import type { CheckRow } from '@overdue/operations';

/** What a page had of the check when it was rendered: it fetches itself again when that is no longer so. */
export function seenState(check: CheckRow): string {
  return [check.status, check.n_pings, check.last_start ?? ''].join(' ');
}

/** A short sign of what a row of the list shows of a check; another one when that has changed. */
export function rowVersion(
  status: string,
  check: Pick<CheckRow, 'last_ping' | 'last_start' | 'last_duration_ms'>,
): string {
  const text = `${status} ${check.last_ping} ${check.last_start} ${check.last_duration_ms}`;
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}
