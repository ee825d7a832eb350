import { expectedAt, formatPeriod, graceStart } from '@overdue/checks';
import { useVisit } from '../components/context.ts';
import { Ago } from '../components/time.tsx';
import { formatAgo } from '../text/dates.ts';
import type { Listed } from './list-query.ts';

/** How it is, in a sentence or two (DE-1). */
export function StatusSentence({ item }: { readonly item: Listed }) {
  const { check, status } = item;
  return (
    <>
      <p class="status-sentence">
        <Sentence check={check} status={status} />
      </p>
      {check.last_start !== null && (
        <p class="muted">
          A run is in progress; it started <Ago at={check.last_start} />.
        </p>
      )}
      <NextLine check={check} status={status} />
    </>
  );
}

function Sentence({ check, status }: Pick<Listed, 'check' | 'status'>) {
  const last = check.last_ping === null ? null : <Ago at={check.last_ping} />;
  switch (status) {
    case 'up':
      return <>This check is up. The last ping was {last}.</>;
    case 'grace':
      return <>This check is late. The last ping was {last}.</>;
    case 'down':
      return last ? (
        <>This check is down. The last ping was {last}.</>
      ) : (
        <>This check is down: a run did not finish in time.</>
      );
    case 'paused':
      return check.manual_resume ? (
        <>This check is paused, and ignores pings until somebody resumes it.</>
      ) : (
        <>This check is paused. The next ping resumes it.</>
      );
    case 'new':
      return check.n_pings > 0 ? <>This check is ready for pings.</> : <>This check has never been pinged.</>;
  }
}

/** What comes next, for a check that is being watched. */
function NextLine({ check, status }: Pick<Listed, 'check' | 'status'>) {
  const { now } = useVisit();
  const from = safely(() => graceStart(check));
  if ((status !== 'up' && status !== 'grace') || from === null) return null;
  const deadline = from + check.grace * 1000;
  const expected = safely(() => expectedAt(check));
  return (
    <p class="muted small">
      {status === 'up' && expected !== null && <>Next ping expected {formatAgo(expected, now)}. </>}
      It goes down {formatAgo(deadline, now)} unless it is pinged (grace {formatPeriod(check.grace)}).
    </p>
  );
}

/** A schedule that this version cannot evaluate must not take the page away. */
function safely(read: () => number | null): number | null {
  try {
    return read();
  } catch {
    return null;
  }
}
