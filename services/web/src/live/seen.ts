import type { CheckRow } from '@overdue/operations';

/** What a page had of the check when it was rendered: it fetches itself again when that is no longer so. */
export function seenState(check: CheckRow): string {
  return [check.status, check.n_pings, check.last_start ?? ''].join(' ');
}
