import { Button, mailDocument } from './layout.tsx';
import type { Mail } from './mailer.ts';

/** Mails of the product other than alerts. Each function makes one; sending it is the caller's. */

type Notice = Pick<Mail, 'subject' | 'text' | 'html'>;

interface Site {
  readonly siteName: string;
  readonly siteRoot: string;
}

/** Asks the owner of an address whether alerts may go there (notifications.md §8.1, verify). */
export function verificationMail(site: Site, link: string): Notice {
  return {
    subject: `Verify email address on ${site.siteName}`,
    text: [
      'Hello,',
      '',
      `To receive alerts from ${site.siteName} at this address, open this link:`,
      '',
      link,
      '',
      'If you did not ask for this, ignore this message: nothing more will be sent.',
      '',
      '--',
      site.siteName,
      '',
    ].join('\n'),
    html: mailDocument({
      ...site,
      title: `Verify email address on ${site.siteName}`,
      footer: 'If you did not ask for this, ignore this message: nothing more will be sent.',
      children: (
        <>
          <p style="margin:0 0 12px">To receive alerts from {site.siteName} at this address, open this link:</p>
          <p style="margin:0">
            <a href={link}>{link}</a>
          </p>
        </>
      ),
    }),
  };
}

/** Tells the project's owner that an integration was switched off. */
export function channelDisabledMail(
  site: Site,
  channel: { readonly label: string; readonly name: string; readonly project: string; readonly projectCode: string },
  error: string,
): Notice {
  const what = `the ${channel.label} integration${channel.name ? ` “${channel.name}”` : ''}`;
  const where = channel.project ? ` of the project ${channel.project}` : '';
  const link = `${site.siteRoot}/projects/${channel.projectCode}/integrations/`;
  const lines = [
    `${site.siteName} switched off ${what}${where}, because it can no longer deliver messages over it. The last answer was:`,
    `No alert goes there any more. To receive them again, mend it or add another integration:`,
  ];
  return {
    subject: `Integration switched off: ${channel.name || channel.label}`,
    text: [lines[0], '', `    ${error}`, '', lines[1], '', link, '', '--', site.siteName, ''].join('\n'),
    html: mailDocument({
      ...site,
      title: 'Integration switched off',
      stripe: '#c42b3a',
      footer: `You receive this because you own the project.`,
      children: (
        <>
          <p style="margin:0 0 12px">{lines[0]}</p>
          <pre style="margin:0 0 12px;padding:12px;background:#f5f6f8;border-radius:6px;white-space:pre-wrap">
            {error}
          </pre>
          <p style="margin:0">{lines[1]}</p>
          <Button href={link}>Integrations</Button>
        </>
      ),
    }),
  };
}

/**
 * Tells the operator that no pings were taken for a while, or that some may be lost, and what was done about it.
 * @param gap.until null: it goes on
 * @param gap.ingester id of the ingester whose pings may be lost; null: nobody was receiving
 */
export function gapMail(
  site: Site,
  gap: { readonly from: string; readonly until: string | null; readonly ingester: string | null },
): Notice {
  const { subject, lines } = gapWords(site.siteName, gap);
  return {
    subject,
    text: [...lines.flatMap((line) => [line, '']), site.siteRoot, '', '--', site.siteName, ''].join('\n'),
    html: mailDocument({
      ...site,
      title: subject,
      stripe: '#c98a12',
      footer: `You receive this because you are an administrator of ${site.siteName}.`,
      children: lines.map((line) => (
        <p key={line} style="margin:0 0 12px">
          {line}
        </p>
      )),
    }),
  };
}

function gapWords(
  siteName: string,
  { from, until, ingester }: Parameters<typeof gapMail>[1],
): { readonly subject: string; readonly lines: readonly string[] } {
  if (until === null) {
    return {
      subject: `${siteName} is not receiving pings`,
      lines: [
        `No ingester has been receiving pings since ${from}.`,
        'Until one is back, no check is declared down: a ping that could not arrive is not a ping that was not sent.',
        OTHERS,
      ],
    };
  }
  const spared =
    'Checks whose ping was due then are not declared down for it: they have until their next expected ping, plus grace.';
  if (ingester === null) {
    return {
      subject: `${siteName} did not receive pings for a while`,
      lines: [`No ingester was receiving pings from ${from} until ${until}.`, spared, OTHERS],
    };
  }
  return {
    subject: `${siteName} may have lost pings`,
    lines: [
      `The ingester ${ingester} is gone. Pings that it answered from ${from} until ${until} may be lost with it.`,
      `${spared} ${OTHERS}`,
      'If its disk is there after all, start an ingester on that SPOOL_DIR: it applies the pings that it finds, each once.',
    ],
  };
}

const OTHERS = 'The affected checks say so in their logs. Other checks are judged as always.';

/** Tells a project's people that the month's messages are used up (notifications.md §8.5). */
export function limitMail(
  site: Site,
  about: {
    readonly what: 'SMS' | 'WhatsApp' | 'Phone Call';
    readonly recipient: string;
    readonly account: string;
    readonly limit: number;
    readonly text: string;
  },
): Notice {
  const number =
    about.recipient.length > 7 ? `${about.recipient.slice(0, 4)}******${about.recipient.slice(-3)}` : about.recipient;
  const subject = `Monthly ${about.what} Limit Reached`;
  const lines = [
    `A message to ${number} was not sent: the account ${about.account} has reached its monthly limit of ${about.limit}.`,
    'The limit begins anew with the next calendar month. The message was:',
  ];
  return {
    subject,
    text: [lines[0], '', lines[1], '', about.text, '', '--', site.siteName, ''].join('\n'),
    html: mailDocument({
      ...site,
      title: subject,
      stripe: '#c98a12',
      footer: 'You receive this because you are a member of the project.',
      children: (
        <>
          <p style="margin:0 0 12px">{lines[0]}</p>
          <p style="margin:0 0 12px">{lines[1]}</p>
          <pre style="margin:0;padding:12px;background:#f5f6f8;border-radius:6px;white-space:pre-wrap">
            {about.text}
          </pre>
        </>
      ),
    }),
  };
}
