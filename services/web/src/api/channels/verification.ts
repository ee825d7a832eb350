import { verificationMail, verifyLink } from '@overdue/notifications';
import type { ApiDeps } from '../deps.ts';

/**
 * To which addresses alerts may go at once: the owner's own, or any where nobody has to confirm; others have to confirm
 * theirs (integrations.md, email).
 */
export async function verifiedAtOnce(deps: ApiDeps, ownerId: number): Promise<(address: string) => boolean> {
  if (!deps.config.EMAIL_USE_VERIFICATION) return () => true;
  const [owner] = await deps.database.sql<{ email: string }[]>`select email from users where id = ${ownerId}`;
  return (address) => address.toLowerCase() === owner?.email;
}

/** Mails the link that confirms an address. What goes wrong is logged; the integration says `verified: false`. */
export async function sendVerification(deps: ApiDeps, channelCode: string, address: string): Promise<void> {
  const { mailer, options } = deps.delivery;
  const link = verifyLink(options.siteRoot, deps.secretKey, channelCode);
  const result = await mailer.send({ to: address, ...verificationMail(options, link) });
  if (result.result !== 'sent') deps.logger.warn({ channel: channelCode, result }, 'API: no verification mail');
}
