import { ALL_CHANNELS, createCheck } from '@overdue/operations';
import { type Errors, parseForm, type Values, valuesOf } from '../../http/forms.ts';
import type { InProject } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { FormError, TextField } from '../components/fields.tsx';
import { FormActions } from '../components/form-actions.tsx';
import { PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { nameFields, scheduleFields, slugOf, withOwnNames } from './forms.ts';
import { queryString, readFilters } from './list-query.ts';
import { SlugFields } from './name.tsx';
import { previewOf } from './preview.tsx';
import { NEW_SCHEDULE, ScheduleFields } from './schedule-fields.tsx';

/** GET /projects/P/checks/add/ */
export async function showAddCheck(visit: InProject): Promise<void> {
  const tags = readFilters(visit.req.query).tags.join(' ');
  const tz = visit.session.user.tz;
  await sendAddCheck(visit, { ...NEW_SCHEDULE, tags, tz, slug_from_name: 'on' }, {});
}

/** POST /projects/P/checks/add/: status new, with all of the project's integrations; back to the list as filtered (DA-7). */
export async function addCheck(visit: InProject): Promise<void> {
  const values = withOwnNames(valuesOf(visit));
  const { database, clock } = visit.deps;
  if (values.preview) return sendAddCheck(visit, values, {});
  const named = parseForm(nameFields, values);
  const scheduled = parseForm(scheduleFields, values);
  if (!named.ok || !scheduled.ok) {
    const errors = { ...(named.ok ? {} : named.errors), ...(scheduled.ok ? {} : scheduled.errors) };
    return sendAddCheck(visit, values, errors, 400);
  }
  const { project } = visit.access;
  const outcome = await createCheck(database, clock, {
    projectId: project.id,
    fields: { ...named.data, slug: slugOf(values, named.data.name, named.data.slug), ...scheduled.data },
    channels: ALL_CHANNELS,
  });
  if (!outcome.ok) return sendAddCheck(visit, values, { '': outcome.message }, 400);
  redirect(visit, `/projects/${project.code}/checks/${queryString(readFilters(visit.req.query))}`, {
    kind: 'success',
    text: 'The check is ready. It waits for its first ping.',
  });
}

function sendAddCheck(visit: InProject, values: Values, errors: Errors, status = 200): Promise<void> {
  const { project } = visit.access;
  const filters = queryString(readFilters(visit.req.query));
  return sendPage(visit, {
    title: 'Add a check',
    section: 'checks',
    access: visit.access,
    width: 'narrow',
    status,
    scripts: ['schedule.js'],
    body: (
      <>
        <h1>Add a check</h1>
        <p class="lead">One check for each job: it says how often the job should tell us that it ran.</p>
        <FormError errors={errors} />
        <PostForm action={`/projects/${project.code}/checks/add/${filters}`} class="stack">
          <TextField
            name="name"
            label="Name"
            maxlength={100}
            autofocus
            autocomplete="off"
            placeholder="Nightly database backup"
            values={values}
            errors={errors}
          />
          <TextField
            name="tags"
            label="Tags"
            autocomplete="off"
            placeholder="prod db"
            values={values}
            errors={errors}
            hint="Words separated by spaces, to filter by and to group badges."
          />
          <SlugFields values={values} errors={errors} />
          <hr />
          <ScheduleFields
            values={values}
            errors={errors}
            preview={previewOf(values, visit.now, visit.session.user.tz)}
          />
          <FormActions submit="Add the check" cancel={`/projects/${project.code}/checks/${filters}`} />
        </PostForm>
      </>
    ),
  });
}
