import { z } from 'zod';
import { permanentWhen } from '../../http/client.ts';
import { tile } from '../../icon.ts';
import { defineKind } from '../../kind.ts';
import { backslashAsterisks } from '../../message/escape.ts';
import { slackPayload } from '../slack/payload.ts';
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

/** A pasted address, or the answer of Discord's OAuth flow. */
const schema = z.preprocess((stored) => {
  const answer = typeof stored === 'string' && stored.startsWith('{') ? JSON.parse(stored) : stored;
  return (answer as { webhook?: { url?: unknown } })?.webhook?.url ?? answer;
}, z.string()) as z.ZodType<string>;

export const discord = defineKind<string>({ ...base, schema });

/** The Slack-compatible end of the webhook, at the host's present name. */
function address(url: string): string {
  return `${url.replace(/^https:\/\/discordapp\.com\//, 'https://discord.com/').replace(/\/+$/, '')}/slack`;
}
