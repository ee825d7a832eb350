import { explain } from '@overdue/notifications';
import { Zone } from '@overdue/schedules';
import { z } from 'zod';
import type { ForCheck } from '../../http/handlers.ts';
import { notFound } from '../../http/http-error.ts';
import { Link } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { formatOccurrence, formatStamp } from '../text/dates.ts';
import { checkTitle } from './check.ts';

const instant = z.coerce.number().int().min(0).max(253_402_300_799_000);
/** What a `datetime-local` input sends; seconds may be missing. */
const wallTime = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/);

/** GET /checks/C/explain/?at=: why it did, or did not, alert at that instant (epoch milliseconds; default now). */
export async function showExplanation(visit: ForCheck): Promise<void> {
  const { check, access, deps, session } = visit;
  const { tz } = session.user;
  const at = instantAsked(visit.req.query, tz) ?? visit.now;
  const explanation = await explain(deps.database.sql, check.id, at, {
    now: visit.now,
    write: (instant) => formatOccurrence(instant, tz),
  });
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
        <p class="lead">
          {at > visit.now
            ? `What is to come for this check until ${formatStamp(at, tz)}.`
            : `What was known of this check on ${formatStamp(at, tz)}, and what followed.`}
        </p>
        <form method="get" action={`${visit.site.base}/checks/${check.code}/explain/`} class="moment">
          <div class="field">
            <label for="f-when">At another moment ({tz})</label>
            <span class="joined">
              <input id="f-when" type="datetime-local" name="when" step={1} value={wallTimeOf(at, tz)} required />
              <button type="submit" class="button">
                Explain
              </button>
            </span>
          </div>
        </form>
        <ol class="explanation">
          {explanation.sentences.map((sentence) => (
            <li key={sentence}>{datesUnbroken(sentence)}</li>
          ))}
        </ol>
      </>
    ),
  });
}

/** A line does not end at the hyphens of a date. */
function datesUnbroken(sentence: string) {
  return sentence.split(/(\d{4}-\d\d-\d\d)/).map((part, i) =>
    i % 2 === 1 ? (
      <span key={i} class="nowrap">
        {part}
      </span>
    ) : (
      part
    ),
  );
}

function instantAsked(query: Record<string, unknown>, tz: string): number | null {
  const at = instant.safeParse(query.at);
  if (at.success && query.at !== '') return at.data;
  const when = wallTime.safeParse(query.when);
  if (!when.success) return null;
  const wall = Date.parse(`${when.data}${when.data.length === 16 ? ':00' : ''}Z`) / 1000;
  return Number.isNaN(wall) ? null : (wall - Zone.named(tz).offsetAtWall(wall, 0)) * 1000;
}

/** The clock on the wall there, as the input wants it: `2026-11-21T12:34:56`. */
function wallTimeOf(at: number, tz: string): string {
  const seconds = Math.floor(at / 1000);
  return new Date((seconds + Zone.named(tz).offsetAt(seconds)) * 1000).toISOString().slice(0, 19);
}
