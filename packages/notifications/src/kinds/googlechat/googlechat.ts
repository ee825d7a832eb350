import { tile } from '../../icon.ts';
import { escapeHtml, tidy } from '../../message/escape.ts';
import type { Message } from '../../message/message.ts';
import { circle, details, explanation, link, status } from '../../message/phrases.ts';
import { urlKind } from '../url-kind.ts';

export const googlechat = urlKind({
  kind: 'googlechat',
  label: 'Google Chat',
  blurb: 'Posts to a Google Chat space.',
  icon: tile('G', '#188038'),
  placeholder: 'https://chat.googleapis.com/v1/spaces/…',
  help: 'Address of a webhook of the space: Apps & integrations, Webhooks.',
  json: payload,
});

function payload(message: Message<string>) {
  const head = `${circle(message)} <b>${escapeHtml(message.name)}</b> is <b>${status(message)}</b>.`;
  const why = explanation(message);
  return {
    cardsV2: [
      {
        card: {
          sections: {
            collapsible: true,
            uncollapsibleWidgetsCount: 1,
            widgets: [
              { textParagraph: { text: tidy(why ? `${head}\n${why}` : head) } },
              ...details(message).map(({ label, value }) => ({
                decoratedText: { topLabel: label, text: escapeHtml(value) },
              })),
              {
                buttonList: {
                  buttons: [
                    {
                      text: `View in ${message.tools.options.siteName}`,
                      type: 'FILLED',
                      onClick: { openLink: { url: link(message) } },
                    },
                  ],
                },
              },
            ],
          },
        },
      },
    ],
  };
}
