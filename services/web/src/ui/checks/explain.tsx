import { explain } from '@overdue/notifications';
import { z } from 'zod';
import type { ForCheck } from '../../http/handlers.ts';
import { notFound } from '../../http/http-error.ts';
import { Link } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { formatStamp } from '../text/dates.ts';
import { checkTitle } from './check.ts';

const instant = z.coerce.number().int().min(0).max(8.64e15);

/** GET /checks/C/explain/?at=: why it did, or did not, alert at that instant (epoch milliseconds; default now). */
export async function showExplanation(visit: ForCheck): Promise<void> {
  const { check, access, deps, session } = visit;
  const asked = instant.safeParse(visit.req.query.at);
  const at = asked.success ? asked.data : visit.now;
  const explanation = await explain(deps.database.sql, check.id, at);
  if (!explanation) throw notFound();
  await sendPage(visit, {
    title: `Why? ${checkTitle(check)}`,
    section: 'checks',
    access,
    width: 'narrow',
    body: (
      <>
        <p class="crumbs">
          <Link to={`/checks/${check.code}/details/`}>{checkTitle(check)}</Link>
        </p>
        <h1>Why?</h1>
        <p class="lead">What was known of this check on {formatStamp(at, session.user.tz)}, and what followed.</p>
        <ol class="explanation">
          {explanation.sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ol>
      </>
    ),
  });
}
