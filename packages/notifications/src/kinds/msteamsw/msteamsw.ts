import { tile } from '../../icon.ts';
import { escapeHtml, joinAsterisks, tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { circle, details, link, status } from '../../message/phrases.ts';
import { reason } from '../../message/words.ts';
import { urlKind } from '../url-kind.ts';

export const msteamsw = urlKind({
  kind: 'msteamsw',
  label: 'Microsoft Teams',
  addPath: 'msteams',
  blurb: 'Posts to a Microsoft Teams channel.',
  icon: tile('T', '#4b53bc'),
  placeholder: 'https://…',
  help: 'Address of a workflow that posts to a channel when a webhook request is received.',
  off: 'MS Teams notifications are not enabled.',
  json: payload,
});

async function payload(message: Message<string>) {
  const { check } = message.facts;
  const why = reason(message.facts);
  const name = escapeHtml(message.name);
  const headline = tidy(`“${name}” is ${status(message)}${why ? ` (${why})` : ''}.`);
  const facts = details(message, (tags) => tags.join(' ')).map(({ label, value }) => ({
    title: `${label}:`,
    value: label === 'Schedule' ? joinAsterisks(value) : value,
    short: true,
  }));
  if (check.desc) {
    facts.unshift({ title: 'Description:', value: check.desc.replace(/\n/g, '\n\n'), short: true });
  }
  const body = await message.lastBodyText(1000);
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.2',
          fallbackText: headline,
          body: [
            {
              type: 'TextBlock',
              text: `${circle(message)} ${headline}`,
              weight: 'bolder',
              size: 'medium',
              wrap: true,
              style: 'heading',
            },
            { type: 'FactSet', facts },
            ...(body
              ? [
                  { type: 'TextBlock', text: 'Last Ping Body:', weight: 'bolder' },
                  { type: 'CodeBlock', codeSnippet: body, language: 'PlainText' },
                ]
              : []),
          ],
          actions: [{ type: 'Action.OpenUrl', title: `View in ${message.tools.options.siteName}`, url: link(message) }],
        },
      },
    ],
  };
}
