import type { NotificationOptions } from './options.ts';

/** The settings that messages are made from; a parsed `Config` of @overdue/config is one. */
export interface NotificationConfig {
  readonly SITE_ROOT: string;
  readonly SITE_NAME: string;
  readonly SITE_LOGO_URL: string | null;
  readonly PING_ENDPOINT: string;
  readonly EMAIL_HOST: string;
  readonly EMAIL_PORT: number;
  readonly EMAIL_HOST_USER: string;
  readonly EMAIL_HOST_PASSWORD: string;
  readonly EMAIL_USE_TLS: boolean;
  readonly EMAIL_USE_SSL: boolean;
  readonly DEFAULT_FROM_EMAIL: string;
  readonly EMAIL_MAIL_FROM_TMPL: string | null;
  readonly INTEGRATIONS_ALLOW_PRIVATE_IPS: boolean;
  readonly http_proxy: string | null;
  readonly https_proxy: string | null;
  readonly no_proxy: readonly string[];
  readonly WEBHOOKS_ENABLED: boolean;
  readonly SHELL_ENABLED: boolean;
  readonly SLACK_ENABLED: boolean;
  readonly MATTERMOST_ENABLED: boolean;
  readonly ROCKETCHAT_ENABLED: boolean;
  readonly MSTEAMS_ENABLED: boolean;
  readonly ZULIP_ENABLED: boolean;
  readonly PD_ENABLED: boolean;
  readonly PAGERTREE_ENABLED: boolean;
  readonly OPSGENIE_ENABLED: boolean;
  readonly VICTOROPS_ENABLED: boolean;
  readonly SPIKE_ENABLED: boolean;
  readonly TELEGRAM_TOKEN: string | null;
  readonly MATRIX_HOMESERVER: string | null;
  readonly MATRIX_ACCESS_TOKEN: string | null;
  readonly PUSHOVER_API_TOKEN: string | null;
  readonly PUSHOVER_EMERGENCY_RETRY_DELAY: number;
  readonly PUSHOVER_EMERGENCY_EXPIRATION: number;
  readonly NTFY_SH_TOKEN: string | null;
  readonly TWILIO_ACCOUNT: string | null;
  readonly TWILIO_AUTH: string | null;
  readonly TWILIO_FROM: string | null;
  readonly TWILIO_MESSAGING_SERVICE_SID: string | null;
  readonly TWILIO_USE_WHATSAPP: boolean;
  readonly WHATSAPP_DOWN_CONTENT_SID: string | null;
  readonly WHATSAPP_UP_CONTENT_SID: string | null;
  readonly SIGNAL_CLI_SOCKET: string | null;
  readonly TRELLO_APP_KEY: string | null;
  readonly GITHUB_CLIENT_ID: string | null;
  readonly GITHUB_PRIVATE_KEY: string | null;
}

/** @param secretKey SECRET_KEY, or what `npm start` generated in its place */
export function notificationOptions(config: NotificationConfig, secretKey: string): NotificationOptions {
  const switches: [kind: string, on: boolean][] = [
    ['webhook', config.WEBHOOKS_ENABLED],
    ['slack', config.SLACK_ENABLED],
    ['mattermost', config.MATTERMOST_ENABLED],
    ['rocketchat', config.ROCKETCHAT_ENABLED],
    ['msteamsw', config.MSTEAMS_ENABLED],
    ['zulip', config.ZULIP_ENABLED],
    ['pd', config.PD_ENABLED],
    ['pagertree', config.PAGERTREE_ENABLED],
    ['opsgenie', config.OPSGENIE_ENABLED],
    ['victorops', config.VICTOROPS_ENABLED],
    ['spike', config.SPIKE_ENABLED],
  ];
  return {
    siteRoot: config.SITE_ROOT,
    siteName: config.SITE_NAME,
    siteLogoUrl: absoluteLogo(config.SITE_LOGO_URL, config.SITE_ROOT),
    pingEndpoint: config.PING_ENDPOINT,
    secretKey,
    email: {
      host: config.EMAIL_HOST,
      port: config.EMAIL_PORT,
      user: config.EMAIL_HOST_USER,
      password: config.EMAIL_HOST_PASSWORD,
      useTls: config.EMAIL_USE_TLS,
      useSsl: config.EMAIL_USE_SSL,
      from: config.DEFAULT_FROM_EMAIL,
      mailFromTemplate: config.EMAIL_MAIL_FROM_TMPL,
    },
    http: {
      allowPrivateAddresses: config.INTEGRATIONS_ALLOW_PRIVATE_IPS,
      httpProxy: config.http_proxy,
      httpsProxy: config.https_proxy,
      noProxy: config.no_proxy,
    },
    webhooksEnabled: config.WEBHOOKS_ENABLED,
    shellEnabled: config.SHELL_ENABLED,
    disabledKinds: new Set(switches.filter(([, on]) => !on).map(([kind]) => kind)),
    telegramToken: config.TELEGRAM_TOKEN,
    matrix:
      config.MATRIX_HOMESERVER && config.MATRIX_ACCESS_TOKEN
        ? { homeserver: config.MATRIX_HOMESERVER, accessToken: config.MATRIX_ACCESS_TOKEN }
        : null,
    pushover: config.PUSHOVER_API_TOKEN
      ? {
          token: config.PUSHOVER_API_TOKEN,
          emergencyRetryDelay: config.PUSHOVER_EMERGENCY_RETRY_DELAY,
          emergencyExpiration: config.PUSHOVER_EMERGENCY_EXPIRATION,
        }
      : null,
    ntfyShToken: config.NTFY_SH_TOKEN,
    ...twilio(config),
    ...(config.SIGNAL_CLI_SOCKET ? { signalCliSocket: config.SIGNAL_CLI_SOCKET } : {}),
    ...(config.TRELLO_APP_KEY ? { trelloAppKey: config.TRELLO_APP_KEY } : {}),
    ...(config.GITHUB_CLIENT_ID && config.GITHUB_PRIVATE_KEY
      ? { github: { clientId: config.GITHUB_CLIENT_ID, privateKey: config.GITHUB_PRIVATE_KEY } }
      : {}),
  };
}

function twilio(config: NotificationConfig): Pick<NotificationOptions, 'twilio'> {
  const { TWILIO_ACCOUNT: account, TWILIO_AUTH: auth, TWILIO_FROM: from } = config;
  if (!account || !auth) return {};
  const { WHATSAPP_DOWN_CONTENT_SID: down, WHATSAPP_UP_CONTENT_SID: up } = config;
  const messagingServiceSid = config.TWILIO_MESSAGING_SERVICE_SID;
  const complete = config.TWILIO_USE_WHATSAPP && from && messagingServiceSid && down && up;
  return {
    twilio: {
      account,
      auth,
      from: from ?? '',
      messagingServiceSid,
      whatsapp: complete ? { downContentSid: down, upContentSid: up } : null,
    },
  };
}

/** SITE_LOGO_URL may be a path; receivers need an address. */
function absoluteLogo(logo: string | null, siteRoot: string): string | null {
  return logo?.startsWith('/') ? new URL(logo, siteRoot).href : logo;
}
