import { tagList } from '@overdue/checks';
import { ago } from './ago.ts';
import { escapeHtml, tidy } from './escape.ts';
import type { Message, OtherCheck } from './message.ts';
import { cloakedUrl, downtime, pingTypeAndAge, reason, schedule } from './words.ts';

/** Pieces of sentences that several kinds put together (integrations.md 0). */

/** What the check is now. */
export function status(message: Message): 'DOWN' | 'UP' {
  return message.down ? 'DOWN' : 'UP';
}

/** `NAME is DOWN` */
export function title(message: Message, mark = (text: string) => text): string {
  return tidy(`${mark(message.name)} is ${status(message)}`);
}

/** `NAME is DOWN (reason)`; nothing in parentheses when the reason is unknown, or it is up. */
export function titleWithReason(message: Message, mark = (text: string) => text): string {
  const why = reason(message.facts);
  return `${title(message, mark)}${why ? ` (${why})` : ''}`;
}

/** `Reason: ….`; empty: unknown or up. */
export function reasonSentence(message: Message): string {
  const why = reason(message.facts);
  return why ? `Reason: ${why}.` : '';
}

/** `It was down for ….`; empty: unknown or down. */
export function downtimeSentence(message: Message): string {
  const length = downtime(message.facts);
  return length ? `It was down for ${length}.` : '';
}

/** REASON when down, DOWNTIME when up. */
export function explanation(message: Message): string {
  return message.down ? reasonSentence(message) : downtimeSentence(message);
}

/** For kinds that show emoji. */
export function circle(message: Message): string {
  return message.down ? '🔴' : '🟢';
}

/** The check's page, by its unique key: the link does not give its ping URL away. */
export function link(message: Message): string {
  return cloakedUrl(message.tools.options.siteRoot, message.facts.check);
}

/** `Last ping was 10 minutes ago.`; empty when up, or there was none. */
export function lastPingSentence(message: Message): string {
  const { lastPing } = message.facts;
  return message.down && lastPing ? `Last ping was ${ago(lastPing.at, message.now)}.` : '';
}

export interface Detail {
  readonly label: 'Project' | 'Tags' | 'Period' | 'Schedule' | 'Time Zone' | 'Total Pings' | 'Last Ping';
  readonly value: string;
}

/** The detail block (0.4) without the body. `tags` puts the tags together. */
export function details(message: Message, tags = (list: string[]) => list.join(', ')): Detail[] {
  const { check, project, lastPing } = message.facts;
  const when = schedule(check);
  const list = tagList(check.tags);
  return [
    ...(project.name ? [{ label: 'Project', value: project.name } as const] : []),
    ...(list.length > 0 ? [{ label: 'Tags', value: tags(list) } as const] : []),
    { label: when.label, value: when.value },
    ...(when.tz === null ? [] : [{ label: 'Time Zone', value: when.tz } as const]),
    { label: 'Total Pings', value: String(lastPing?.n ?? 0) },
    { label: 'Last Ping', value: lastPing ? pingTypeAndAge(lastPing, message.now) : 'Never' },
  ];
}

/** The detail block in a mark-up: `bold` for labels, `code` for schedules. */
export function detailLines(
  message: Message,
  mark: { bold: (text: string) => string; code: (text: string) => string; escape: (text: string) => string },
): string[] {
  return details(message).map(({ label, value }) => {
    const text = mark.escape(value);
    return `${mark.bold(`${label}:`)} ${label === 'Schedule' ? mark.code(text) : text}`;
  });
}

/**
 * OTHERS (0.3): nothing when there are no other checks.
 * @param entry how one check is shown
 */
export async function othersLines(
  message: Message,
  entry: (other: OtherCheck, lastPing: string) => string,
): Promise<string[]> {
  const others = await message.otherChecks();
  if (!others) return [];
  if (others.down === 0) return ['All the other checks are up.'];
  const word = message.down ? 'also' : 'still';
  if (others.named.length === 0) return [`${others.down} other checks are ${word} down.`];
  return [
    others.down === 1 ? `The following check is ${word} down:` : `The following checks are ${word} down:`,
    ...others.named.map((other) =>
      entry(other, `(last ping: ${other.lastPing === null ? 'never' : ago(other.lastPing, message.now)})`),
    ),
  ];
}

/** Marks for HTML messages. */
export const HTML = {
  bold: (text: string) => `<b>${text}</b>`,
  code: (text: string) => `<code>${text}</code>`,
  escape: escapeHtml,
};

/** Marks for Markdown messages whose values are escaped as HTML, as the original does. */
export const MARKDOWN = {
  bold: (text: string) => `**${text}**`,
  code: (text: string) => `\`${text}\``,
  escape: escapeHtml,
};
