import type { Kind } from './kind.ts';
import { discord } from './kinds/discord/discord.ts';
import { email } from './kinds/email/email.ts';
import { github } from './kinds/github/github.ts';
import { googlechat } from './kinds/googlechat/googlechat.ts';
import { gotify } from './kinds/gotify/gotify.ts';
import { matrix } from './kinds/matrix/matrix.ts';
import { mattermost } from './kinds/mattermost/mattermost.ts';
import { msteamsw } from './kinds/msteamsw/msteamsw.ts';
import { ntfy } from './kinds/ntfy/ntfy.ts';
import { opsgenie } from './kinds/opsgenie/opsgenie.ts';
import { pagertree } from './kinds/pagertree/pagertree.ts';
import { pd } from './kinds/pd/pd.ts';
import { po } from './kinds/po/po.ts';
import { pushbullet } from './kinds/pushbullet/pushbullet.ts';
import { rocketchat } from './kinds/rocketchat/rocketchat.ts';
import { shell } from './kinds/shell/shell.ts';
import { signal } from './kinds/signal/signal.ts';
import { slack } from './kinds/slack/slack.ts';
import { spike } from './kinds/spike/spike.ts';
import { telegram } from './kinds/telegram/telegram.ts';
import { trello } from './kinds/trello/trello.ts';
import { call } from './kinds/twilio/call.ts';
import { sms } from './kinds/twilio/sms.ts';
import { whatsapp } from './kinds/twilio/whatsapp.ts';
import { victorops } from './kinds/victorops/victorops.ts';
import { webhook } from './kinds/webhook/webhook.ts';
import { zulip } from './kinds/zulip/zulip.ts';

/** Every integration, in the order in which they are offered: the two that everybody has, then by label. */
export const KINDS: readonly Kind[] = [
  email,
  webhook,
  discord,
  github,
  googlechat,
  gotify,
  matrix,
  mattermost,
  msteamsw,
  ntfy,
  opsgenie,
  pagertree,
  pd,
  call,
  po,
  pushbullet,
  rocketchat,
  shell,
  signal,
  slack,
  sms,
  spike,
  victorops,
  telegram,
  trello,
  whatsapp,
  zulip,
] as unknown as readonly Kind[];

const BY_NAME = new Map(KINDS.map((kind) => [kind.kind, kind]));
const BY_PATH = new Map(KINDS.map((kind) => [kind.addPath ?? kind.kind, kind]));

/** The integration stored as `kind`; undefined: there is none of that name (any more). */
export function findKind(kind: string): Kind | undefined {
  return BY_NAME.get(kind);
}

/** The integration that is added at `add_<path>`: `kind`, but for Microsoft Teams and Pushover. */
export function findKindByPath(path: string): Kind | undefined {
  return BY_PATH.get(path);
}
