import { ZONES } from '@overdue/schedules';
import type { Errors, Values } from '../../http/forms.ts';
import { useVisit } from '../components/context.ts';
import { described, Field, RadioGroup, TextAreaField, TextField } from '../components/fields.tsx';
import { Link } from '../components/link.tsx';
import { SECONDS, UNITS } from './forms.ts';
import type { Preview } from './preview.tsx';
import { SchedulePreview } from './preview.tsx';

/** What the schedule form holds before anything is entered (DA-1). */
export const NEW_SCHEDULE: Values = {
  kind: 'simple',
  timeout_value: '1',
  timeout_unit: '86400',
  grace_value: '1',
  grace_unit: '3600',
  schedule_cron: '* * * * *',
  schedule_oncalendar: '*-*-* 08:00:00',
  tz: 'UTC',
};

/**
 * Period, cron or OnCalendar, and grace. All three kinds' fields are in the page, so switching loses nothing; the style
 * sheet shows those of the chosen kind, without a script. `preview`: what they come to; without a script a button asks
 * for it (the field `preview`).
 */
export function ScheduleFields(props: { readonly values: Values; readonly errors: Errors; readonly preview: Preview }) {
  const { values, errors, preview } = props;
  return (
    <div class="schedule-fields" data-schedule="">
      <RadioGroup
        name="kind"
        legend="When should pings arrive?"
        value={values.kind ?? 'simple'}
        row
        options={[
          ['simple', 'Simple', 'every so often'],
          ['cron', 'Cron', 'a crontab expression'],
          ['oncalendar', 'OnCalendar', 'as in systemd timers'],
        ]}
      />
      <div class="kind-fields kind-simple">
        <Length
          name="timeout"
          label="Period"
          values={values}
          errors={errors}
          hint="The expected time between two pings."
        />
      </div>
      <div class="kind-fields kind-cron">
        <TextField
          name="schedule_cron"
          label="Cron expression"
          class="mono"
          maxlength={100}
          spellcheck={false}
          autocomplete="off"
          values={values}
          errors={errors}
          hint={
            <>
              Minute, hour, day of month, month, day of week. <Link to="/docs/cron/">Examples</Link>
            </>
          }
        />
      </div>
      <div class="kind-fields kind-oncalendar">
        <TextAreaField
          name="schedule_oncalendar"
          label="OnCalendar expressions"
          rows={3}
          mono
          values={values}
          errors={errors}
          hint="One a line, for example Mon..Fri 08:00"
        />
      </div>
      <div class="kind-fields kind-cron kind-oncalendar">
        <ZoneField name="tz" label="Time zone" values={values} errors={errors} />
      </div>
      <Length
        name="grace"
        label="Grace time"
        values={values}
        errors={errors}
        hint="How late a ping may be before the check is down. It is also the longest time that a run may take."
      />
      <div class="preview" data-preview="" aria-live="polite">
        <SchedulePreview preview={preview} now={useVisit().now} />
      </div>
      <button type="submit" name="preview" value="yes" class="button hidden-with-script" formnovalidate>
        Show what this comes to
      </button>
    </div>
  );
}

/** Any of the tz database's zones; the list completes what is typed. */
export function ZoneField(props: {
  readonly name: string;
  readonly label: string;
  readonly values: Values;
  readonly errors: Errors;
  readonly hint?: string;
}) {
  const { name, values, errors, hint } = props;
  return (
    <Field name={name} label={props.label} errors={errors} hint={hint}>
      <input
        id={`f-${name}`}
        name={name}
        list="zones"
        autocomplete="off"
        spellcheck={false}
        value={values[name] ?? 'UTC'}
        {...described(name, hint, errors)}
      />
      <datalist id="zones">
        {ZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </Field>
  );
}

function Length(props: {
  readonly name: 'timeout' | 'grace';
  readonly label: string;
  readonly values: Values;
  readonly errors: Errors;
  readonly hint: string;
}) {
  const { name, label, values, errors, hint } = props;
  const field = `${name}_value`;
  const unit = values[`${name}_unit`];
  return (
    <Field name={field} label={label} errors={errors} hint={hint}>
      <span class="joined">
        <input
          id={`f-${field}`}
          name={field}
          inputmode="numeric"
          class="short"
          autocomplete="off"
          value={values[field] ?? ''}
          {...described(field, hint, errors)}
        />
        <select name={`${name}_unit`} aria-label={`Unit of ${label.toLowerCase()}`}>
          {(unit === SECONDS[0] ? [SECONDS, ...UNITS] : UNITS).map(([value, text]) => (
            <option key={value} value={value} selected={unit === value}>
              {text}
            </option>
          ))}
        </select>
      </span>
    </Field>
  );
}
