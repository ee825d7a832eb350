import { type Downtime, formatApproximate, type Period, type PeriodUnit, plural } from '@overdue/checks';
import {
  type Column,
  HtmlFooter,
  HtmlTables,
  type MailedCheck,
  type MailedLinks,
  type MailedProject,
  textFooter,
  textTables,
} from './check-table.tsx';
import { mailDocument } from './layout.tsx';
import type { Mail } from './mailer.ts';
import { periodHeading, periodPhrase } from './period-words.ts';

export interface ReportedCheck extends MailedCheck {
  /** In each of the periods, the older first. */
  readonly downtimes: readonly Pick<Downtime, 'count' | 'downtime_ms' | 'no_data'>[];
}

export interface ReportFacts {
  readonly unit: PeriodUnit;
  /** The two last complete ones, the older first. */
  readonly periods: readonly [Period, Period];
  readonly projects: readonly MailedProject<ReportedCheck>[];
  readonly links: MailedLinks;
}

const SUBJECTS = { day: 'Daily Report', week: 'Weekly Report', month: 'Monthly Report' } as const;

/** The daily, weekly or monthly report (status-and-alerting.md K7 to K10). */
export function reportMail(
  site: { readonly siteName: string; readonly siteRoot: string },
  report: ReportFacts,
): Pick<Mail, 'subject' | 'text' | 'html'> {
  const subject = SUBJECTS[report.unit];
  const { projects, links } = report;
  const columns = report.periods.map(
    (period, i): Column<ReportedCheck> => [
      periodHeading(report.unit, period),
      ({ downtimes }) => downtimeWords(downtimes[i]!),
    ],
  );
  const summary = summarise(report);
  return {
    subject,
    text: [summary, '', ...textTables(projects, columns), ...textFooter(site.siteName, links)].join('\n'),
    html: mailDocument({
      ...site,
      title: subject,
      footer: <HtmlFooter links={links} />,
      children: (
        <>
          <p style="margin:0">{summary}</p>
          <HtmlTables projects={projects} columns={columns} />
        </>
      ),
    }),
  };
}

/** Of the latest complete period. */
function summarise({ unit, periods, projects }: ReportFacts): string {
  const counts = projects
    .flatMap(({ checks }) => checks.map(({ downtimes }) => downtimes[1]!.count))
    .filter((count) => count > 0);
  const when = periodPhrase(unit, periods[1]);
  if (counts.length === 0) return `${when}, no check was down.`;
  const times = counts.reduce((sum, count) => sum + count, 0);
  return `${when}, ${plural(counts.length, 'check')} had ${plural(times, 'downtime')}.`;
}

function downtimeWords({ count, downtime_ms, no_data }: ReportedCheck['downtimes'][number]): string {
  if (count > 0) return `${plural(count, 'downtime')}, ${formatApproximate(downtime_ms)} total`;
  return no_data ? '' : 'All good';
}
