import {
  NAG_PERIODS,
  type NagPeriod,
  REPORTS,
  type ReportSettings,
  type Reports,
  saveReportSettings,
} from '@overdue/operations';
import { valuesOf } from '../../http/forms.ts';
import type { SignedIn } from '../../http/handlers.ts';
import { HttpError } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import { RadioGroup } from '../components/fields.tsx';
import { PostForm } from '../components/link.tsx';
import { formatStamp } from '../text/dates.ts';

const REPORT_WORDS: Readonly<Record<Reports, string>> = {
  off: 'None',
  daily: 'Every day',
  weekly: 'On Mondays',
  monthly: 'On the first of the month',
};

const NAG_WORDS: Readonly<Record<NagPeriod, string>> = { 0: 'None', 3600: 'Every hour', 86400: 'Every day' };

/** POST /accounts/profile/notifications/ (PR-1 to PR-3) */
export async function saveReports(visit: SignedIn): Promise<void> {
  const { deps, session } = visit;
  const values = valuesOf(visit);
  const reports = REPORTS.find((one) => one === values.reports);
  const nagPeriod = NAG_PERIODS.find((one) => String(one) === values.nag_period);
  if (reports === undefined || nagPeriod === undefined) {
    throw new HttpError(400, 'Choose one of the rhythms of reports, and one of those of reminders.');
  }
  const { id: userId, tz } = session.user;
  await saveReportSettings(deps.database, deps.clock, { userId, tz, reports, nagPeriod });
  redirect(visit, '/accounts/profile/', { kind: 'success', text: 'Saved.' });
}

/** The panel of the account's page. */
export function ReportsPanel({ visit, settings }: { readonly visit: SignedIn; readonly settings: ReportSettings }) {
  const { user } = visit.session;
  const { reports, nagPeriod, nextReportAt } = settings;
  return (
    <section class="panel" aria-labelledby="h-reports">
      <h2 id="h-reports">Reports by e-mail</h2>
      <p class="muted">
        {visit.site.messages.delivery.mailer.configured
          ? `About the checks of all your projects, to ${user.email}.`
          : 'No mail server is configured here, so none are sent.'}
      </p>
      <PostForm action="/accounts/profile/notifications/" class="stack">
        <div>
          <RadioGroup
            name="reports"
            legend="Report of downtimes"
            value={reports}
            row
            options={REPORTS.map((one) => [one, REPORT_WORDS[one]])}
          />
          {nextReportAt !== null && <p class="field-hint">The next one: {formatStamp(nextReportAt, user.tz)}.</p>}
        </div>
        <RadioGroup
          name="nag_period"
          legend="Reminder while a check is down"
          value={String(nagPeriod)}
          row
          options={NAG_PERIODS.map((one) => [String(one), NAG_WORDS[one]])}
        />
        <div class="form-actions">
          <button type="submit" class="button">
            Save
          </button>
        </div>
      </PostForm>
    </section>
  );
}
