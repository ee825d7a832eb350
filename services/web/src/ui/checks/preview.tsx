import { canonicalZone, compileSchedule, describeSchedule, ScheduleError, validateSchedule } from '@overdue/schedules';
import { type Values, valuesOf } from '../../http/forms.ts';
import { HttpError } from '../../http/http-error.ts';
import type { Visit } from '../../http/visit.ts';
import { renderFragment } from '../components/page.tsx';
import { formatAgo, formatOccurrence } from '../text/dates.ts';

export type Preview =
  | { readonly ok: false; readonly reason: string }
  | { readonly ok: true; readonly words: string | null; readonly tz: string; readonly next: readonly number[] };

const SHOWN = 5;

/** What the schedule in a form comes to: in words, and the next times; null for a simple period. */
export function previewOf(values: Values, now: number): Preview | null {
  const { kind } = values;
  if (kind !== 'cron' && kind !== 'oncalendar') return null;
  const expr = (values[`schedule_${kind}`] ?? '').trim();
  if (expr === '') return null;
  const valid = validateSchedule(kind, expr);
  if (!valid.ok) return { ok: false, reason: valid.reason };
  const tz = canonicalZone((values.tz ?? '').trim());
  if (tz === null) return { ok: false, reason: 'There is no such time zone' };
  const next: number[] = [];
  for (const instant of compileSchedule(kind, expr, tz).occurrences(now)) {
    if (next.push(instant) === SHOWN) break;
  }
  return { ok: true, words: words(kind, expr), tz, next };
}

function words(kind: 'cron' | 'oncalendar', expr: string): string | null {
  try {
    return describeSchedule(kind, expr);
  } catch (error) {
    if (error instanceof ScheduleError) return null;
    throw error;
  }
}

export function SchedulePreview({ preview, now }: { readonly preview: Preview; readonly now?: number }) {
  if (!preview.ok) return <p class="preview-error">{preview.reason}</p>;
  return (
    <>
      {preview.words && <p class="preview-words">{preview.words}</p>}
      {preview.next.length === 0 ? (
        <p class="muted">No more times from now on.</p>
      ) : (
        <ol class="preview-times">
          {preview.next.map((at) => (
            <li key={at}>
              <time dateTime={new Date(at).toISOString()}>{formatOccurrence(at, preview.tz)}</time>
              {now !== undefined && <span class="muted"> {formatAgo(at, now)}</span>}
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

/** POST /checks/cron_preview/ and /checks/oncalendar_preview/: a fragment for the form's script. */
export function preview(kind: 'cron' | 'oncalendar') {
  return (visit: Visit): void => {
    const { schedule = '', tz = 'UTC' } = valuesOf(visit);
    if (schedule.length > 1000) throw new HttpError(400, 'Too long.');
    const result = previewOf({ kind, [`schedule_${kind}`]: schedule, tz }, visit.now);
    visit.res
      .type('html')
      .send(result ? renderFragment(visit, <SchedulePreview preview={result} now={visit.now} />) : '');
  };
}

/** GET /checks/validate_schedule/?kind=&schedule=: `{"result": true}` when the product takes it. */
export function validate(visit: Visit): void {
  const { kind, schedule } = visit.req.query;
  if ((kind !== 'cron' && kind !== 'oncalendar') || typeof schedule !== 'string') {
    throw new HttpError(400, 'kind has to be cron or oncalendar, and schedule given.');
  }
  visit.res.json({ result: validateSchedule(kind, schedule).ok });
}
