import type { Instant } from '@overdue/clock';
import { formatAgo, formatStamp } from '../text/dates.ts';
import { useVisit } from './context.ts';

/** "5 minutes ago"; the exact time in the person's zone as tooltip. A script keeps it true while the page is open. */
export function Ago({ at }: { readonly at: Instant }) {
  const visit = useVisit();
  const tz = visit.session?.user.tz ?? 'UTC';
  return (
    <time dateTime={new Date(at).toISOString()} data-ago="" title={formatStamp(at, tz)}>
      {formatAgo(at, visit.now)}
    </time>
  );
}
