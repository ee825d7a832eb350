import { verificationMail, verifyLink } from '@overdue/notifications';
import type { ApiDeps } from '../deps.ts';

/** Alerts may go to the owner's own address at once; others have to confirm theirs (integrations.md, email). */
export async function isVerifiedAtOnce(deps: ApiDeps, ownerId: number, address: string): Promise<boolean> {
  if (!deps.config.EMAIL_USE_VERIFICATION) return true;
  const rows = await deps.database.sql`select 1 from users where id = ${ownerId} and email = ${address.toLowerCase()}`;
  return rows.length > 0;
}

/** Mails the link that confirms an address. What goes wrong is logged; the integration says `verified: false`. */
export async function sendVerification(deps: ApiDeps, channelCode: string, address: string): Promise<void> {
  const { mailer, options } = deps.delivery;
  const link = verifyLink(options.siteRoot, deps.secretKey, channelCode);
  const result = await mailer.send({ to: address, ...verificationMail(options, link) });
  if (result.result !== 'sent') deps.logger.warn({ channel: channelCode, result }, 'API: no verification mail');
}
