import type { Clock } from '@overdue/clock';
import { isConnectionError, type Sql } from '@overdue/database';
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
import {
  type Due,
  mailId,
  postpone,
  scheduleReminders,
  scheduleReports,
  stopReminders,
  takeReminder,
  takeReport,
} from './due.ts';
import { reminderFacts, reportFacts } from './facts.ts';

export interface ReportDeps {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly mailer: Pick<Mailer, 'send'>;
  readonly site: { readonly siteName: string; readonly siteRoot: string };
  readonly secretKey: string;
  readonly logger: { warn(context: object, message: string): void };
  /** Called with what became of each mail. */
  readonly sent: (kind: Due['kind'], result: TransportResult['result']) => void;
}

/** Mail servers count what comes at once (K1), in milliseconds. */
const BETWEEN_MAILS_MS = 3000;

const UNITS = { daily: 'day', weekly: 'week', monthly: 'month' } as const;

/**
 * Sends the reports and reminders that are due (status-and-alerting.md §9), one after another, and returns when none is
 * left, the mail server cannot be reached, or `stopping`. A mail is taken before it is sent, so any number of processes
 * may do this at once; one that dies in between leaves that mail out.
 */
export async function sendDue(deps: ReportDeps, stopping: AbortSignal): Promise<void> {
  const { sql, clock } = deps;
  await scheduleReports(sql, clock.now());
  await updateAllNagDates(sql, clock.now());
  await scheduleReminders(sql, clock.now());
  for (const take of [takeReport, takeReminder]) {
    while (!stopping.aborted) {
      const due = await take(sql, clock.now());
      if (!due) break;
      const outcome = await attempt(deps, due, stopping);
      if (outcome === 'unreachable') break;
      if (outcome === 'tried') await clock.sleep(BETWEEN_MAILS_MS, stopping);
    }
  }
}

type Outcome = 'tried' | 'nothing-to-send' | 'unreachable';

/** What goes wrong with one person's mail keeps nobody else's back. */
async function attempt(deps: ReportDeps, due: Due, stopping: AbortSignal): Promise<Outcome> {
  const { sql, logger } = deps;
  const { kind, username: user } = due;
  try {
    const links = linksFor(deps, due);
    const content = await write(deps, due, links);
    if (!content) return 'nothing-to-send';
    const result = await send(deps, due, content, links.unsubscribe);
    deps.sent(kind, result.result);
    if (result.result !== 'retry' && result.result !== 'failed') return 'tried';
    logger.warn({ user, kind, error: result.error }, 'A report or reminder was not delivered');
    // No such mailbox: as when the mail comes back later (UN-5).
    if (result.result === 'failed' && result.disable) await endReports(sql, user);
    if (result.result === 'failed') return 'tried';
    await giveBack(deps, due, stopping);
    return result.unreachable ? 'unreachable' : 'tried';
  } catch (err) {
    logger.warn({ user, kind, err }, 'A report or reminder could not be sent');
    await giveBack(deps, due, stopping);
    return 'tried';
  }
}

/** Postpones it. A mail whose date cannot be stored would never come: a database that is away is waited for. */
async function giveBack({ sql, clock }: ReportDeps, due: Due, stopping: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await postpone(sql, due, clock.now());
    } catch (err) {
      if (stopping.aborted || !isConnectionError(err)) throw err;
    }
    await clock.sleep(BETWEEN_MAILS_MS, stopping);
  }
}

type Links = Parameters<typeof reportMail>[1]['links'];
type Content = Pick<Mail, 'subject' | 'text' | 'html'>;

function linksFor({ site, secretKey, clock }: ReportDeps, { username }: Due): Links {
  return {
    settings: `${site.siteRoot}/accounts/profile/notifications/`,
    unsubscribe: reportsUnsubscribeLink(site.siteRoot, secretKey, username, clock.now()),
  };
}

/** Null: there is nothing to say. */
async function write({ sql, site }: ReportDeps, due: Due, links: Links): Promise<Content | null> {
  const context = { sql, now: due.at, siteRoot: site.siteRoot };
  if (due.kind === 'report') {
    const facts = await reportFacts(context, due, UNITS[due.reports]);
    return facts && reportMail(site, { ...facts, links });
  }
  const facts = await reminderFacts(context, due);
  if (facts) return reminderMail(site, { ...facts, every: due.nagPeriod === 3600 ? 'hour' : 'day', links });
  await stopReminders(sql, due);
  return null;
}

function send(
  { mailer, secretKey, clock }: ReportDeps,
  due: Due,
  content: Content,
  unsubscribe: string,
): Promise<TransportResult> {
  return mailer.send({
    to: due.email,
    id: mailId(due),
    bounceId: bounceId(secretKey, 'r', due.username, clock.now()),
    headers: { 'List-Unsubscribe': `<${unsubscribe}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
    ...content,
  });
}
