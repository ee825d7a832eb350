import { plural } from '@overdue/checks';
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

export interface RemindedCheck extends MailedCheck {
  /** How long ago, in words. */
  readonly lastPing: string;
}

export interface ReminderFacts {
  readonly every: 'hour' | 'day';
  /** Only checks that are down. */
  readonly projects: readonly MailedProject<RemindedCheck>[];
  readonly links: MailedLinks;
}

const COLUMNS: readonly Column<RemindedCheck>[] = [['Last ping', ({ lastPing }) => lastPing]];

/** Tells, every hour or day, what is still down (status-and-alerting.md K11). */
export function reminderMail(
  site: { readonly siteName: string; readonly siteRoot: string },
  { every, projects, links }: ReminderFacts,
): Pick<Mail, 'subject' | 'text' | 'html'> {
  const down = projects.reduce((sum, { checks }) => sum + checks.length, 0);
  const subject = `Reminder: ${plural(down, 'check')} still down`;
  const rhythm = every === 'hour' ? 'hourly' : 'daily';
  const summary = `This is the ${rhythm} reminder of ${site.siteName}. ${down === 1 ? 'One check is' : `${down} checks are`} down:`;
  return {
    subject,
    text: [summary, '', ...textTables(projects, COLUMNS), ...textFooter(site.siteName, links)].join('\n'),
    html: mailDocument({
      ...site,
      title: subject,
      stripe: '#c42b3a',
      footer: <HtmlFooter links={links} />,
      children: (
        <>
          <p style="margin:0">{summary}</p>
          <HtmlTables projects={projects} columns={COLUMNS} />
        </>
      ),
    }),
  };
}
