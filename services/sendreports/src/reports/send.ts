import type { Clock } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import {
  bounceId,
  type Mail,
  type Mailer,
  reminderMail,
  reportMail,
  reportsUnsubscribeLink,
  type TransportResult,
} from '@overdue/notifications';
import { endReports, updateAllNagDates } from '@overdue/operations';
import { type Due, postpone, scheduleReports, stopReminders, takeReminder, takeReport } from './due.ts';
import { reminderFacts, reportFacts } from './facts.ts';

export interface ReportDeps {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly mailer: Pick<Mailer, 'send'>;
  readonly site: { readonly siteName: string; readonly siteRoot: string };
  readonly secretKey: string;
  readonly logger: { warn(context: object, message: string): void };
  /** Called with what became of each mail. */
  readonly sent: (kind: MailKind, result: TransportResult['result']) => void;
}

export type MailKind = 'report' | 'reminder';

/** Mail servers count what comes at once (K1), in milliseconds. */
const BETWEEN_MAILS_MS = 3000;

const UNITS = { daily: 'day', weekly: 'week', monthly: 'month' } as const;

/**
 * Sends the reports and reminders that are due (status-and-alerting.md §9), one after another, and returns when none is
 * left, the mail server does not take them, or `stopping`. A mail is taken before it is sent, so any number of processes
 * may do this at once; one that dies in between leaves that mail out.
 */
export async function sendDue(deps: ReportDeps, stopping: AbortSignal): Promise<void> {
  await scheduleReports(deps.sql, deps.clock.now());
  await updateAllNagDates(deps.sql, deps.clock.now());
  for (const sendNext of [sendReport, sendReminder]) {
    while (!stopping.aborted) {
      const outcome = await sendNext(deps);
      if (outcome === 'none-due') break;
      if (outcome === 'retry') return;
      if (outcome !== 'nothing-to-say') await deps.clock.sleep(BETWEEN_MAILS_MS, stopping);
    }
  }
}

type Outcome = 'none-due' | 'nothing-to-say' | TransportResult['result'];

async function sendReport(deps: ReportDeps): Promise<Outcome> {
  const { sql, site } = deps;
  const now = deps.clock.now();
  const due = await takeReport(sql, now);
  if (!due) return 'none-due';
  const facts = await reportFacts({ sql, now, siteRoot: site.siteRoot }, due, UNITS[due.reports]);
  if (!facts) return 'nothing-to-say';
  return await send(deps, 'report', due, (links) => reportMail(site, { ...facts, links }));
}

async function sendReminder(deps: ReportDeps): Promise<Outcome> {
  const { sql, site } = deps;
  const now = deps.clock.now();
  const due = await takeReminder(sql, now);
  if (!due) return 'none-due';
  const facts = await reminderFacts({ sql, now, siteRoot: site.siteRoot }, due);
  if (!facts) {
    await stopReminders(sql, due);
    return 'nothing-to-say';
  }
  const every = due.nagPeriod === 3600 ? 'hour' : 'day';
  return await send(deps, 'reminder', due, (links) => reminderMail(site, { ...facts, every, links }));
}

async function send(
  deps: ReportDeps,
  kind: MailKind,
  due: Due,
  write: (links: { settings: string; unsubscribe: string }) => Pick<Mail, 'subject' | 'text' | 'html'>,
): Promise<TransportResult['result']> {
  const { sql, clock, mailer, secretKey, logger } = deps;
  const { siteRoot } = deps.site;
  const now = clock.now();
  const unsubscribe = reportsUnsubscribeLink(siteRoot, secretKey, due.username, now);
  const result = await mailer.send({
    to: due.email,
    bounceId: bounceId(secretKey, 'r', due.username, now),
    headers: { 'List-Unsubscribe': `<${unsubscribe}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
    ...write({ settings: `${siteRoot}/accounts/profile/notifications/`, unsubscribe }),
  });
  deps.sent(kind, result.result);
  if (result.result !== 'retry' && result.result !== 'failed') return result.result;
  logger.warn({ user: due.username, kind, error: result.error }, 'A report or reminder was not delivered');
  if (result.result === 'retry') await postpone(sql, kind, due, now);
  // No such mailbox: as when the mail comes back later (UN-5).
  else if (result.disable) await endReports(sql, due.username);
  return result.result;
}
