import type { Message } from '../../message/message.ts';
import { details, downtimeSentence, link, reasonSentence, status, title } from '../../message/phrases.ts';

interface SlackField {
  readonly title: string;
  readonly value: string;
  readonly short?: boolean;
}

/**
 * The message as Slack's incoming webhooks take it; Mattermost and Discord understand it, too.
 * @param stars how asterisks in schedules are kept from being formatting
 */
export async function slackPayload(message: Message, stars: (text: string) => string): Promise<unknown> {
  const { siteName, siteLogoUrl, siteRoot } = message.tools.options;
  const { check } = message.facts;
  const fields: SlackField[] = [];
  if (check.desc) fields.push({ title: 'Description', value: check.desc });
  for (const { label, value } of details(message, (tags) => tags.map((tag) => `\`${tag}\``).join(' '))) {
    fields.push({ title: label, value: label === 'Schedule' ? stars(value) : value, short: true });
  }
  const body = await message.lastBodyText(1000);
  if (body && !body.includes('```')) {
    fields.push({ title: 'Last Ping Body', value: `\`\`\`\n${body}\n\`\`\`` });
  }
  return {
    username: siteName,
    icon_url: siteLogoUrl ?? `${siteRoot}/static/logo.png`,
    attachments: [
      {
        color: message.down ? 'danger' : 'good',
        fallback: `The check "${message.name}" is ${status(message)}.`,
        mrkdwn_in: ['fields'],
        title: title(message, (name) => `“${name}”`),
        title_link: link(message),
        text: reasonSentence(message) || downtimeSentence(message) || null,
        fields,
      },
    ],
  };
}
