import { plural } from '@overdue/checks';
import { tile } from '../../icon.ts';
import { backslashAsterisks, tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { details, downtimeSentence, link, status } from '../../message/phrases.ts';
import { reason } from '../../message/words.ts';
import { urlKind } from '../url-kind.ts';

export const rocketchat = urlKind({
  kind: 'rocketchat',
  label: 'Rocket.Chat',
  blurb: 'Posts to a Rocket.Chat channel.',
  icon: tile('R', '#d3232e'),
  placeholder: 'https://rocketchat.example.org/hooks/…',
  help: 'Address of an incoming webhook of your Rocket.Chat server.',
  off: 'Rocket.Chat notifications are not enabled.',
  json: payload,
});

function payload(message: Message<string>) {
  const { check, lastPing } = message.facts;
  const { siteName, siteLogoUrl, siteRoot } = message.tools.options;
  const why = reason(message.facts);
  const fields: { title: string; value: string; short?: boolean }[] = [];
  if (check.desc) fields.push({ title: 'Description', value: check.desc });
  for (const { label, value } of details(message, (tags) => tags.map((tag) => `\`${tag}\``).join(' '))) {
    fields.push({ title: label, value: label === 'Schedule' ? backslashAsterisks(value) : value, short: true });
  }
  if (lastPing && lastPing.bodySize > 0) {
    const value = `${plural(lastPing.bodySize, 'byte')}, [show body](${link(message)}#ping-${lastPing.n})`;
    fields.push({ title: 'Last Ping Body', value, short: true });
  }
  const head = `[${message.name}](${link(message)}) is ${status(message)}${why ? ` (${why})` : ''}.`;
  return {
    alias: siteName,
    avatar: siteLogoUrl ?? `${siteRoot}/static/logo.png`,
    text: tidy([head, downtimeSentence(message)].filter(Boolean).join('\n')),
    attachments: [{ color: message.down ? '#d9534f' : '#5cb85c', fields }],
  };
}
