import { tile } from '../../icon.ts';
import { joinAsterisks } from '../../message/escape.ts';
import { slackPayload } from '../slack/payload.ts';
import { urlKind } from '../url-kind.ts';

export const mattermost = urlKind({
  kind: 'mattermost',
  label: 'Mattermost',
  blurb: 'Posts to a Mattermost channel.',
  icon: tile('M', '#1e325c'),
  placeholder: 'https://mattermost.example.org/hooks/…',
  help: 'Address of an incoming webhook of your Mattermost server.',
  off: 'Mattermost notifications are not enabled.',
  json: (message) => slackPayload(message, joinAsterisks),
});
