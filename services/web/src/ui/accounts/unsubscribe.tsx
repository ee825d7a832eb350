import { openReportsUnsubscribe } from '@overdue/notifications';
import { endReports } from '@overdue/operations';
import type { Visit } from '../../http/visit.ts';
import { sendBadLink, UnsubscribeForm } from '../components/mailed-link.tsx';
import { sendPage } from '../components/page.tsx';

/** GET /accounts/unsubscribe_reports/SIGNED/: from reports and reminders; asks (UN-2). */
export async function showUnsubscribeReports(visit: Visit): Promise<void> {
  const link = openReportsUnsubscribe(visit.deps.secretKey, String(visit.req.params.signed));
  if (!link) return sendBadLink(visit);
  await sendPage(visit, {
    title: 'Unsubscribe',
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Stop reports and reminders?</h1>
        <p>Alerts of your integrations are not affected.</p>
        <UnsubscribeForm visit={visit} signedAt={link.signedAt} />
      </section>
    ),
  });
}

/** POST /accounts/unsubscribe_reports/SIGNED/ (UN-3, UN-4): says the same when the account is gone. */
export async function unsubscribeReports(visit: Visit): Promise<void> {
  const link = openReportsUnsubscribe(visit.deps.secretKey, String(visit.req.params.signed));
  if (!link) return sendBadLink(visit);
  await endReports(visit.deps.database.sql, link.username);
  await sendPage(visit, {
    title: 'Unsubscribed',
    width: 'narrow',
    body: (
      <section class="dialog-page">
        <h1>Unsubscribed</h1>
        <p>No more reports and reminders are mailed to you. The account settings switch them on again.</p>
      </section>
    ),
  });
}
