import { editCheckSchedule } from '@overdue/operations';
import { type Errors, parseForm, type Values, valuesOf } from '../../http/forms.ts';
import type { ForCheck } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { FormError } from '../components/fields.tsx';
import { FormActions } from '../components/form-actions.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { afterEdit, EditedFrom } from './back.tsx';
import { checkTitle } from './check.ts';
import { scheduleFields, valuesOfCheck, withOwnNames } from './forms.ts';
import { previewOf } from './preview.tsx';
import { ScheduleFields } from './schedule-fields.tsx';

/** GET /checks/C/timeout/ */
export function showSchedule(visit: ForCheck): Promise<void> {
  return sendSchedule(visit, valuesOfCheck(visit.check), {});
}

/** POST /checks/C/timeout/ (DS-6, DS-7): a check that is overdue under the new schedule goes down without an alert. */
export async function saveSchedule(visit: ForCheck): Promise<void> {
  const values = withOwnNames(valuesOf(visit));
  if (values.preview) return sendSchedule(visit, values, {});
  const form = parseForm(scheduleFields, values);
  if (!form.ok) return sendSchedule(visit, values, form.errors, 400);
  const { database, clock } = visit.deps;
  const outcome = await editCheckSchedule(database, clock, { code: visit.check.code, fields: form.data });
  if (!outcome.ok) return sendSchedule(visit, values, { '': outcome.message }, 400);
  const wentDown = visit.check.status === 'up' && outcome.value.status === 'down';
  redirect(
    visit,
    afterEdit(visit),
    wentDown
      ? {
          kind: 'warning',
          text: 'Saved. Under the new schedule the check is overdue, so it is down now; no alert was sent.',
        }
      : { kind: 'success', text: 'The schedule is saved.' },
  );
}

function sendSchedule(visit: ForCheck, values: Values, errors: Errors, status = 200): Promise<void> {
  const { check, access } = visit;
  return sendPage(visit, {
    title: `Schedule of ${checkTitle(check)}`,
    section: 'checks',
    access,
    width: 'narrow',
    status,
    scripts: ['schedule.js'],
    body: (
      <>
        <p class="crumbs">
          <Link to={`/checks/${check.code}/details/`}>{checkTitle(check)}</Link>
        </p>
        <h1>Schedule</h1>
        <FormError errors={errors} />
        <PostForm action={`/checks/${check.code}/timeout/`} class="stack">
          <EditedFrom visit={visit} />
          <ScheduleFields
            values={{ ...valuesOfCheck(check), ...values }}
            errors={errors}
            preview={previewOf(values, visit.now, visit.session.user.tz)}
          />
          <FormActions submit="Save" cancel={`/checks/${check.code}/details/`} />
        </PostForm>
      </>
    ),
  });
}
