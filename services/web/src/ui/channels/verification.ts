import { verificationMail, verifyLink } from '@overdue/notifications';
import type { Flash } from '../../http/flash.ts';
import type { SignedIn } from '../../http/handlers.ts';

/** One's own account address, or verification switched off (integrations.md, email). */
export function isVerifiedAtOnce(visit: SignedIn, address: string): boolean {
  return !visit.deps.config.EMAIL_USE_VERIFICATION || address === visit.session.user.email;
}

/** Mails the link that confirms an address; says what happened. */
export async function sendVerification(visit: SignedIn, channelCode: string, address: string): Promise<Flash> {
  const { options, mailer } = visit.site.messages.delivery;
  if (!mailer.configured) {
    return {
      kind: 'warning',
      text: `Saved, but ${address} has to be confirmed by a mailed link, and no SMTP server is configured (EMAIL_HOST).`,
    };
  }
  const link = verifyLink(options.siteRoot, options.secretKey, channelCode);
  const result = await mailer.send({ to: address, ...verificationMail(options, link) });
  if (result.result === 'sent') {
    return { kind: 'success', text: `Saved. We have mailed a link to ${address}; alerts go there once it is opened.` };
  }
  const why = 'error' in result ? result.error : result.answer;
  return { kind: 'error', text: `Saved, but the link that confirms ${address} could not be mailed: ${why}` };
}
