import type { Instant } from '@overdue/clock';
import type { Visit } from '../../http/visit.ts';
import { sendPage } from './page.tsx';

/** Mail scanners follow links while the mail is young. */
const SCANNED_MS = 300_000;

/**
 * The button of a page that a link to unsubscribe leads to: scanners that follow links must not press it. The page of an
 * older link sends itself. No CSRF token: mail programs post here by themselves (one-click unsubscribe); the link is the
 * proof.
 */
export function UnsubscribeForm({ visit, signedAt }: { readonly visit: Visit; readonly signedAt: Instant }) {
  return (
    <form method="post" class="stack" data-sends-itself={visit.now - signedAt > SCANNED_MS ? '' : undefined}>
      <button type="submit" class="button primary">
        Unsubscribe
      </button>
    </form>
  );
}

/** For a link from a mail that was not made here, or was damaged on the way. */
export function sendBadLink(visit: Visit): Promise<void> {
  return sendPage(visit, {
    title: 'Incorrect link',
    width: 'narrow',
    status: 400,
    body: (
      <section class="dialog-page">
        <h1>Incorrect link</h1>
        <p>This link is damaged or out of date. If you copied it, check that it is whole.</p>
      </section>
    ),
  });
}
