import type { User } from '@overdue/accounts';
import { Button, type Mail, mailDocument } from '@overdue/notifications';
import type { Visit } from '../../http/visit.ts';

/** The page that takes a sign-in token. */
export function signInUrl(visit: Visit, user: Pick<User, 'username'>, token: string, next?: string): string {
  const query = next ? `?next=${encodeURIComponent(next)}` : '';
  return `${visit.deps.config.SITE_ROOT}/accounts/check_token/${user.username}/${token}/${query}`;
}

type Text = Pick<Mail, 'subject' | 'text' | 'html'>;

/** Sent to whoever asked for a link to sign in with. */
export function signInMail(visit: Visit, link: string): Text {
  const { name } = visit.site;
  return oneButtonMail(visit, {
    subject: `Log in to ${name}`,
    lines: [`To sign in to ${name}, open this link. It works once, within the next hour.`],
    button: 'Sign in',
    link,
    footer: 'If you did not ask for this, ignore this message.',
  });
}

/** Sent to whoever was made a member of a project. */
export function invitationMail(visit: Visit, args: { project: string; by: string; role: string; link: string }): Text {
  const { name } = visit.site;
  const what = args.role === 'r' ? 'view' : 'manage';
  return oneButtonMail(visit, {
    subject: `You have been invited to join ${args.project} on ${name}`,
    lines: [
      `${args.by} invites you to ${what} the checks of ${args.project} on ${name}.`,
      'This link signs you in. It works once, within the next seven days; choose a password then.',
    ],
    button: 'Open the project',
    link: args.link,
    footer: 'If you do not know what this is about, ignore this message.',
  });
}

/** Sent to a member whom the owner of a project has asked to take it over (TR-1). */
export function transferMail(visit: Visit, args: { project: string; by: string; link: string }): Text {
  const { name } = visit.site;
  return oneButtonMail(visit, {
    subject: `Take over ${args.project} on ${name}?`,
    lines: [
      `${args.by} would like you to become the owner of ${args.project} on ${name}.`,
      'You can accept or reject in the project’s settings. This link signs you in; it works once, within the next hour.',
    ],
    button: 'Open the settings',
    link: args.link,
    footer: 'If you do nothing, nothing changes.',
  });
}

/** Sent to the new address of an account, to find out whether it is its owner's (EC-2). */
export function changeEmailMail(visit: Visit, args: { from: string; link: string }): Text {
  const { name } = visit.site;
  return oneButtonMail(visit, {
    subject: `Confirm your new address on ${name}`,
    lines: [`The account ${args.from} on ${name} is to get this e-mail address. The link works for 15 minutes.`],
    button: 'Use this address',
    link: args.link,
    footer: 'If you did not ask for this, ignore this message: nothing changes.',
  });
}

function oneButtonMail(
  visit: Visit,
  mail: { subject: string; lines: readonly string[]; button: string; link: string; footer: string },
): Text {
  const { siteRoot, siteName } = visit.site.messages.delivery.options;
  return {
    subject: mail.subject,
    text: [...mail.lines.flatMap((line) => [line, '']), mail.link, '', mail.footer, '', '--', siteName, ''].join('\n'),
    html: mailDocument({
      siteName,
      siteRoot,
      title: mail.subject,
      footer: mail.footer,
      children: (
        <>
          {mail.lines.map((line) => (
            <p key={line} style="margin:0 0 12px">
              {line}
            </p>
          ))}
          <Button href={mail.link}>{mail.button}</Button>
        </>
      ),
    }),
  };
}
