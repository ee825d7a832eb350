import { tagList } from '@overdue/checks';
import type { Mail } from '../../mail/mailer.ts';
import { ago } from '../../message/ago.ts';
import type { Message } from '../../message/message.ts';
import { cloakedUrl, downtime, mailDate, pingType, reason, schedule } from '../../message/words.ts';
import { alertHtml } from './alert-html.tsx';
import { alertText } from './alert-text.ts';
import type { AlertBody, AlertView } from './alert-view.ts';
import { attachable, headerOf } from './eml.ts';
import type { EmailValue } from './value.ts';

/** Last characters of a body that are shown. */
const MOST_BODY = 10_000;

/** Subject, text, HTML and attachment of an alert. */
export async function alertMail(
  message: Message<EmailValue>,
  unsubscribe: string,
): Promise<Pick<Mail, 'subject' | 'text' | 'html' | 'attachments'>> {
  const { facts, tools, now, value } = message;
  const account = await message.accountOf(value.value);
  const tz = account?.tz ?? facts.project.ownerTz;
  const { lastPing } = facts;
  const raw = await message.lastBody();
  const byMail = lastPing?.scheme === 'email';
  const view: AlertView = {
    siteName: tools.options.siteName,
    siteRoot: tools.options.siteRoot,
    down: message.down,
    name: message.name,
    reason: reason(facts),
    downtime: downtime(facts),
    link: cloakedUrl(tools.options.siteRoot, facts.check),
    desc: facts.check.desc,
    project: facts.project.name,
    tags: tagList(facts.check.tags),
    rawTags: facts.check.tags,
    schedule: schedule(facts.check),
    totalPings: String(lastPing?.n ?? 0),
    since: mailDate(facts.check.created_at, tz),
    lastPing: lastPing && {
      ago: ago(lastPing.at, now),
      from: lastPing.remoteAddr,
      type:
        lastPing.exitStatus !== null && lastPing.kind !== 'ign'
          ? `Exit status ${lastPing.exitStatus}`
          : pingType(lastPing),
      tone: lastPing.kind === 'fail' ? 'bad' : lastPing.kind === 'success' ? 'good' : 'neutral',
      subject: byMail && raw ? headerOf(raw, 'subject') : null,
      n: lastPing.n,
    },
    changedAt: mailDate(facts.flip.at, tz),
    body: raw ? (byMail ? { kind: 'attached' } : shownBody(raw)) : null,
    overview: account?.projects ?? null,
    unsubscribe,
  };
  return {
    subject: `${message.down ? 'DOWN' : 'UP'} | ${message.name}`.trim(),
    text: alertText(view),
    html: alertHtml(view),
    ...(raw && byMail ? { attachments: [attachedPing(raw)] } : {}),
  };
}

function attachedPing(raw: Buffer): NonNullable<Mail['attachments']>[number] {
  // The mailer's own choice for messages is inline: readers would show it as a part of the alert.
  return {
    filename: 'last-ping.eml',
    contentType: 'message/rfc822',
    contentDisposition: 'attachment',
    content: attachable(raw),
  };
}

function shownBody(raw: Buffer): AlertBody {
  const characters = [...raw.toString('utf8')];
  if (characters.length <= MOST_BODY) return { kind: 'text', text: characters.join(''), notice: null };
  return {
    kind: 'text',
    text: characters.slice(-MOST_BODY).join(''),
    notice: `Showing the last ${MOST_BODY} bytes of ${raw.length} bytes total.`,
  };
}
