import { limitMail } from '../../mail/notices.tsx';
import type { Message } from '../../message/message.ts';

/** What is counted together: SMS and WhatsApp, and calls. */
export type Quota = 'sms' | 'call';

/**
 * Counts one message against the monthly limit of the project's owner, before it is sent (notifications.md §4). A new
 * month (UTC) begins at 0.
 * @returns false: the limit is reached; nothing is counted, and the project's people are told by e-mail
 */
export async function countAgainstQuota(
  message: Message,
  quota: Quota,
  about: { readonly what: 'SMS' | 'WhatsApp' | 'Phone Call'; readonly recipient: string; readonly text: string },
): Promise<boolean> {
  const { tools, facts } = message;
  const { sql } = tools;
  const owner = facts.project.ownerId;
  const [counted] =
    quota === 'sms'
      ? await sql`
          update users
          set sms_sent = case when last_sms_at >= date_trunc('month', now(), 'UTC') then sms_sent else 0 end + 1,
              last_sms_at = now()
          where id = ${owner}
            and case when last_sms_at >= date_trunc('month', now(), 'UTC') then sms_sent else 0 end < sms_limit
          returning id`
      : await sql`
          update users
          set calls_sent = case when last_call_at >= date_trunc('month', now(), 'UTC') then calls_sent else 0 end + 1,
              last_call_at = now()
          where id = ${owner}
            and case when last_call_at >= date_trunc('month', now(), 'UTC') then calls_sent else 0 end < call_limit
          returning id`;
  if (counted) return true;
  const [limits] = await sql<{ limit: number; team: string[] }[]>`
    select case ${quota} when 'sms' then u.sms_limit else u.call_limit end as limit,
           array[u.email] || coalesce((select array_agg(m.email order by m.email) from members x join users m on m.id = x.user_id
                                       where x.project_id = ${facts.project.id}), '{}') as team
    from users u where u.id = ${owner}`;
  if (limits && tools.mailer.configured) {
    const { siteName, siteRoot } = tools.options;
    await tools.mailer.send({
      to: limits.team,
      ...limitMail({ siteName, siteRoot }, { ...about, account: facts.project.ownerEmail, limit: limits.limit }),
    });
  }
  return false;
}
