import { MAX_KEYWORD, updateCheck } from '@overdue/operations';
import { z } from 'zod';
import { type Errors, parseForm, type Values, valuesOf } from '../../http/forms.ts';
import type { ForCheck } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { CheckboxField, FormError, RadioGroup, TextField } from '../components/fields.tsx';
import { FormActions } from '../components/form-actions.tsx';
import { Link, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { checkTitle } from './check.ts';

/** A ticked box, or a choice that has a name: ours are words, those of Healthchecks 1 or on. */
const flag = z
  .string()
  .optional()
  .transform((text) => text !== undefined && text !== '' && text.toLowerCase() !== 'false');
const keywords = z
  .string()
  .trim()
  .refine((text) => [...text].length <= MAX_KEYWORD, `Use at most ${MAX_KEYWORD} characters.`)
  .default('');

const filteringForm = z.object({
  methods: z.enum(['', 'POST'], { error: 'Choose one.' }).default(''),
  filter_http_body: flag,
  filter_subject: flag,
  filter_body: flag,
  start_kw: keywords,
  success_kw: keywords,
  failure_kw: keywords,
  filter_default_fail: flag,
  manual_resume: flag,
});

/** GET /checks/C/filtering_rules/ */
export function showFiltering(visit: ForCheck): Promise<void> {
  const { check } = visit;
  const on = (value: boolean) => (value ? 'on' : '');
  const values = {
    methods: check.methods,
    filter_http_body: on(check.filter_http_body),
    filter_subject: on(check.filter_subject),
    filter_body: on(check.filter_body),
    start_kw: check.start_kw,
    success_kw: check.success_kw,
    failure_kw: check.failure_kw,
    filter_default_fail: check.filter_default_fail ? 'fail' : '',
    manual_resume: check.manual_resume ? 'manual' : '',
  };
  return sendFiltering(visit, values, {});
}

/** POST /checks/C/filtering_rules/ (DF-3): replaces all of them. */
export async function saveFiltering(visit: ForCheck): Promise<void> {
  const values = valuesOf(visit);
  const form = parseForm(filteringForm, values);
  if (!form.ok) return sendFiltering(visit, values, form.errors, 400);
  const outcome = await updateCheck(visit.deps.database, { code: visit.check.code, fields: form.data });
  if (!outcome.ok) return sendFiltering(visit, values, { '': outcome.message }, 400);
  redirect(visit, `/checks/${visit.check.code}/details/`, { kind: 'success', text: 'The filtering rules are saved.' });
}

function sendFiltering(visit: ForCheck, values: Values, errors: Errors, status = 200): Promise<void> {
  const { check, access } = visit;
  return sendPage(visit, {
    title: `Filtering rules of ${checkTitle(check)}`,
    section: 'checks',
    access,
    width: 'narrow',
    status,
    body: (
      <>
        <p class="crumbs">
          <Link to={`/checks/${check.code}/details/`}>{checkTitle(check)}</Link>
        </p>
        <h1>Filtering rules</h1>
        <FormError errors={errors} />
        <PostForm action={`/checks/${check.code}/filtering_rules/`} class="stack">
          <RadioGroup
            name="methods"
            legend="HTTP methods"
            value={values.methods ?? ''}
            options={[
              ['', 'HEAD, GET, POST and PUT'],
              ['POST', 'Only POST', 'Link previews and other bots then cannot ping it.'],
            ]}
          />
          <fieldset class="choices">
            <legend>Look for keywords in</legend>
            <CheckboxField
              name="filter_http_body"
              label="the body of HTTP requests"
              checked={Boolean(values.filter_http_body)}
            />
            <CheckboxField
              name="filter_subject"
              label="the subject of e-mails"
              checked={Boolean(values.filter_subject)}
            />
            <CheckboxField name="filter_body" label="the body of e-mails" checked={Boolean(values.filter_body)} />
          </fieldset>
          <TextField name="start_kw" label="Start keywords" maxlength={MAX_KEYWORD} values={values} errors={errors} />
          <TextField
            name="success_kw"
            label="Success keywords"
            maxlength={MAX_KEYWORD}
            values={values}
            errors={errors}
          />
          <TextField
            name="failure_kw"
            label="Failure keywords"
            maxlength={MAX_KEYWORD}
            values={values}
            errors={errors}
            hint="Separated by commas; upper and lower case differ. Failure is looked for first, then success, then start."
          />
          <RadioGroup
            name="filter_default_fail"
            legend="When no keyword is found"
            value={values.filter_default_fail ?? ''}
            options={[
              ['', 'Ignore the ping', 'It is in the log, and changes nothing.'],
              ['fail', 'Take it as a failure'],
            ]}
          />
          <RadioGroup
            name="manual_resume"
            legend="When a paused check is pinged"
            value={values.manual_resume ?? ''}
            options={[
              ['', 'Go on with monitoring'],
              ['manual', 'Stay paused until somebody resumes it'],
            ]}
          />
          <FormActions submit="Save" cancel={`/checks/${check.code}/details/`} />
        </PostForm>
      </>
    ),
  });
}
