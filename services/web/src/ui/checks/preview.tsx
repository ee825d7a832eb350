import { formatPeriod } from '@overdue/checks';
import { compileSchedule, describeSchedule, ScheduleError, validateSchedule } from '@overdue/schedules';
import { type Errors, parseForm, type Values, valuesOf } from '../../http/forms.ts';
import { HttpError } from '../../http/http-error.ts';
import type { Visit } from '../../http/visit.ts';
import { renderFragment } from '../components/page.tsx';
import { formatAgo, formatOccurrence } from '../text/dates.ts';
import { type ScheduleInput, scheduleFields, withOwnNames } from './forms.ts';

/** What the schedule in a form comes to. */
export type Preview =
  | { readonly ok: false; readonly errors: Errors }
  | {
      readonly ok: true;
      readonly kind: ScheduleInput['kind'];
      /** Null: it cannot be said in words. */
      readonly words: string | null;
      readonly tz: string;
      /** When pings are expected, soonest first; those of a simple check if it were pinged now. */
      readonly next: readonly number[];
      /** Seconds. */
      readonly grace: number;
    };

const SHOWN = 6;
/** A period without a zone is shown in the person's, and this one otherwise. */
const NO_ZONE = 'UTC';

/**
 * In words, and the next times, of what a schedule form holds.
 * @param tz the zone that a simple check's times are shown in
 */
export function previewOf(values: Values, now: number, tz = NO_ZONE): Preview {
  const form = parseForm(scheduleFields, values);
  if (!form.ok) return { ok: false, errors: form.errors };
  const { kind, grace, timeout = 0, schedule = '' } = form.data;
  if (kind === 'simple') {
    const next = Array.from({ length: SHOWN }, (_, i) => now + (i + 1) * timeout * 1000);
    // "Every day", not "Every 1 day".
    return { ok: true, kind, grace, tz, next, words: `Every ${formatPeriod(timeout).replace(/^1 (?=\w+$)/, '')}` };
  }
  const zone = form.data.tz ?? NO_ZONE;
  const next: number[] = [];
  for (const instant of compileSchedule(kind, schedule, zone).occurrences(now)) {
    if (next.push(instant) === SHOWN) break;
  }
  return { ok: true, kind, grace, tz: zone, next, words: words(kind, schedule) };
}

function words(kind: 'cron' | 'oncalendar', expr: string): string | null {
  try {
    return describeSchedule(kind, expr);
  } catch (error) {
    if (error instanceof ScheduleError) return null;
    throw error;
  }
}

/** Each time in the check's zone, in UTC, and from now; then what the grace time adds. */
export function SchedulePreview({ preview, now }: { readonly preview: Preview; readonly now: number }) {
  if (!preview.ok) return <p class="preview-error">{Object.values(preview.errors)[0]}</p>;
  const { kind, words: said, tz, next, grace } = preview;
  const first = next[0];
  return (
    <>
      {said && <p class="preview-words">{said}</p>}
      {first === undefined ? (
        <p class="muted">No more times from now on.</p>
      ) : (
        <>
          <p class="muted">
            {kind === 'simple' ? 'If it were pinged now, and on time ever after:' : 'Pings expected at'}
          </p>
          <ol class="preview-times">
            {next.map((at) => (
              <li key={at}>
                <time dateTime={new Date(at).toISOString()}>{formatOccurrence(at, tz)}</time>
                {tz !== 'UTC' && <span class="muted">{formatOccurrence(at, 'UTC').slice('Mon '.length)}</span>}
                <span class="muted">{formatAgo(at, now)}</span>
              </li>
            ))}
          </ol>
          <p class="preview-grace">
            Without a ping, down {formatPeriod(grace)} later: first at {formatOccurrence(first + grace * 1000, tz)}.
          </p>
        </>
      )}
    </>
  );
}

const LONGEST = 1000;

/**
 * GET /checks/schedule_preview/ with the fields of the schedule form: for scripts and people who test an expression.
 * `{"ok": true, "words", "tz", "next": [ISO 8601 in UTC], "html"}` or `{"ok": false, "errors": {FIELD: why}, "html"}`.
 */
export function schedulePreview(visit: Visit): void {
  const given: Record<string, string> = { kind: 'cron' };
  for (const [name, value] of Object.entries(visit.req.query)) {
    if (typeof value !== 'string') continue;
    if (value.length > LONGEST) throw new HttpError(400, 'Too long.');
    given[name] = value;
  }
  const values = { tz: NO_ZONE, grace_value: '1', grace_unit: '3600', ...withOwnNames(given) };
  const preview = previewOf(values, visit.now, visit.session?.user.tz);
  const html = renderFragment(visit, <SchedulePreview preview={preview} now={visit.now} />);
  if (!preview.ok) return void visit.res.json({ ok: false, errors: preview.errors, html });
  const next = preview.next.map((at) => new Date(at).toISOString());
  visit.res.json({ ok: true, words: preview.words, tz: preview.tz, next, html });
}

/** POST /checks/cron_preview/ and /checks/oncalendar_preview/: the original's addresses; a fragment of HTML. */
export function preview(kind: 'cron' | 'oncalendar') {
  return (visit: Visit): void => {
    const { schedule = '', tz = NO_ZONE } = valuesOf(visit);
    if (schedule.length > LONGEST) throw new HttpError(400, 'Too long.');
    const values = { kind, [`schedule_${kind}`]: schedule, tz, grace_value: '1', grace_unit: '3600' };
    const result = previewOf(values, visit.now);
    visit.res.type('html').send(renderFragment(visit, <SchedulePreview preview={result} now={visit.now} />));
  };
}

/** GET /checks/validate_schedule/?kind=&schedule=: `{"result": true}` when the product takes it. */
export function validate(visit: Visit): void {
  const { kind, schedule } = visit.req.query;
  if ((kind !== 'cron' && kind !== 'oncalendar') || typeof schedule !== 'string') {
    throw new HttpError(400, 'kind has to be cron or oncalendar, and schedule given.');
  }
  visit.res.json({ result: validateSchedule(kind, schedule.trim()).ok });
}
