/** Integrations: configuration.md sections 7 and 8 (the proxy). */
import { LATER, type Reader, setting } from '../setting.ts';
import { bool, int, list, optionalText, text } from '../values/basic.ts';
import { Malformed, orOff, valueType } from '../values/value-type.ts';

/** `web` shows and sets up an integration, `sendalerts` delivers. */
const BOTH: readonly Reader[] = ['web', 'sendalerts'];

const on = (integration: string) => setting(bool(), true, { description: `${integration}.`, readBy: BOTH });
const optional = (description: string) => setting(optionalText(), null, { description, readBy: BOTH });
const secret = (description: string) => setting(optionalText(), null, { description, readBy: BOTH, secret: true });
const later = (description: string) => setting(optionalText(), null, { description, ...LATER });
const laterSecret = (description: string) => setting(optionalText(), null, { description, ...LATER, secret: true });

/** A proxy as curl takes it: scheme optional, user and password allowed. */
const proxy = () =>
  orOff(
    valueType({
      name: 'url',
      allowed: 'http://, https://, socks4://, socks4a://, socks5:// or socks5h://, then HOST:PORT',
      read: (value) => {
        const url = /^[a-z0-9]+:\/\//i.test(value) ? value : `http://${value}`;
        if (!/^(https?|socks4a?|socks5h?):\/\/[^/]/i.test(url) || !URL.canParse(url)) throw new Malformed();
        return value;
      },
    }),
  );

export const integrations = {
  INTEGRATIONS_ALLOW_PRIVATE_IPS: setting(bool(), false, {
    description: 'Integrations (and the proxy) may call private addresses.',
    readBy: BOTH,
  }),
  http_proxy: setting(proxy(), null, {
    description:
      'Proxy for outgoing requests to http addresses: http, https, socks4, socks4a, socks5 or socks5h. One on a private address needs the variable above.',
    readBy: BOTH,
    secret: true,
  }),
  https_proxy: setting(proxy(), null, {
    description: 'Proxy for outgoing requests to https addresses.',
    readBy: BOTH,
    secret: true,
  }),
  no_proxy: setting(list('hosts'), [], { description: 'Hosts that are called without the proxy.', readBy: BOTH }),
  WEBHOOKS_ENABLED: on('Webhooks'),
  SLACK_ENABLED: on('Slack'),
  SLACK_CLIENT_ID: later('Switches Slack from pasted URLs to OAuth.'),
  SLACK_CLIENT_SECRET: laterSecret('Secret of the Slack app.'),
  DISCORD_CLIENT_ID: later('Discord app.'),
  DISCORD_CLIENT_SECRET: laterSecret('Secret of the Discord app.'),
  TELEGRAM_TOKEN: secret('Token of the Telegram bot; switches Telegram on.'),
  TELEGRAM_BOT_NAME: setting(text(), 'ExampleBot', {
    description: 'Name of the Telegram bot in instructions.',
    ...LATER,
  }),
  TWILIO_ACCOUNT: optional('Twilio account for SMS, calls and WhatsApp.'),
  TWILIO_AUTH: secret('Twilio token; switches SMS and calls on.'),
  TWILIO_FROM: optional('Sender number.'),
  TWILIO_MESSAGING_SERVICE_SID: optional('Replaces the sender number for SMS; required for WhatsApp.'),
  TWILIO_USE_WHATSAPP: setting(bool(), false, { description: 'WhatsApp through Twilio.', readBy: BOTH }),
  WHATSAPP_DOWN_CONTENT_SID: optional('Template of the "down" message, with one placeholder.'),
  WHATSAPP_UP_CONTENT_SID: optional('Template of the "up" message, with one placeholder.'),
  SIGNAL_CLI_SOCKET: optional('signal-cli: path of its socket, or HOST:PORT.'),
  MATRIX_HOMESERVER: optional('Base URL of the Matrix server, without trailing slash.'),
  MATRIX_USER_ID: later('Id of the Matrix bot.'),
  MATRIX_ACCESS_TOKEN: secret('Token of the Matrix bot; switches Matrix on.'),
  MATTERMOST_ENABLED: on('Mattermost'),
  ROCKETCHAT_ENABLED: on('Rocket.Chat'),
  MSTEAMS_ENABLED: on('Microsoft Teams'),
  ZULIP_ENABLED: on('Zulip'),
  PD_ENABLED: on('PagerDuty'),
  PD_APP_ID: later('Switches PagerDuty to its Simple Install Flow.'),
  PAGERTREE_ENABLED: on('PagerTree'),
  OPSGENIE_ENABLED: on('Opsgenie'),
  VICTOROPS_ENABLED: on('Splunk On-Call (VictorOps)'),
  SPIKE_ENABLED: on('Spike'),
  PUSHOVER_API_TOKEN: secret('Token of the Pushover app.'),
  PUSHOVER_SUBSCRIPTION_URL: later('Subscription page of the Pushover app; base of the link for adding Pushover.'),
  PUSHOVER_EMERGENCY_RETRY_DELAY: setting(int(), 300, {
    description: 'Seconds between repeats of emergency messages.',
    readBy: BOTH,
  }),
  PUSHOVER_EMERGENCY_EXPIRATION: setting(int(), 86_400, {
    description: 'Seconds until the repeats stop.',
    readBy: BOTH,
  }),
  PUSHBULLET_CLIENT_ID: later('Pushbullet app.'),
  PUSHBULLET_CLIENT_SECRET: laterSecret('Secret of the Pushbullet app.'),
  NTFY_SH_TOKEN: secret('Token for `https://ntfy.sh` when a channel has none.'),
  APPRISE_ENABLED: setting(bool(), false, { description: 'Apprise.', ...LATER }),
  SHELL_ENABLED: setting(bool(), false, {
    description: 'Shell commands, run with the rights of `sendalerts`.',
    readBy: BOTH,
  }),
  TRELLO_APP_KEY: secret('Key of the Trello app.'),
  GITHUB_CLIENT_ID: optional('GitHub app.'),
  GITHUB_CLIENT_SECRET: laterSecret('Secret of the GitHub app.'),
  GITHUB_PRIVATE_KEY: secret('Private key of the GitHub app, PEM.'),
  GITHUB_PUBLIC_LINK: later('Public page of the GitHub app; base of the install link.'),
};
