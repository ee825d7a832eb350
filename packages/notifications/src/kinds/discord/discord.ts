import { permanentWhen } from '../../http/client.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { backslashAsterisks } from '../../message/escape.ts';
import { slackPayload } from '../slack/payload.ts';
import { storedAddress } from '../stored-address.ts';
import { urlKind } from '../url-kind.ts';

const base = urlKind({
  kind: 'discord',
  label: 'Discord',
  blurb: 'Posts to a Discord channel.',
  icon: tile('D', '#5865f2'),
  placeholder: 'https://discord.com/api/webhooks/…',
  help: 'Address of a webhook: channel settings, Integrations, Webhooks.',
  address,
  json: (message) => slackPayload(message, backslashAsterisks),
  onError: permanentWhen(({ status }) => status === 404),
});

export const discord = defineKind<string>({ ...base, schema: storedAddress('webhook') });

/** The Slack-compatible end of the webhook, at the host's present name. */
function address(url: string): string {
  return `${url.replace(/^https:\/\/discordapp\.com\//, 'https://discord.com/').replace(/\/+$/, '')}/slack`;
}
