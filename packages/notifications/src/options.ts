/** What the product's configuration says about messages; a service's main makes it (see docs/configuration.md). */
export interface NotificationOptions {
  /** Without trailing slash. */
  readonly siteRoot: string;
  readonly siteName: string;
  /** Absolute; null: the built-in logo. */
  readonly siteLogoUrl: string | null;
  /** Ends with a slash. */
  readonly pingEndpoint: string;
  readonly secretKey: string;
  readonly email: EmailOptions;
  readonly http: HttpOptions;
  readonly webhooksEnabled: boolean;
  readonly shellEnabled: boolean;
  /** Kinds of channels that the operator has switched off (`SLACK_ENABLED=False`, …). */
  readonly disabledKinds: ReadonlySet<string>;
  readonly telegramToken: string | null;
  readonly matrix: { readonly homeserver: string; readonly accessToken: string } | null;
  readonly pushover: {
    readonly token: string;
    readonly emergencyRetryDelay: number;
    readonly emergencyExpiration: number;
  } | null;
  readonly ntfyShToken: string | null;
  /** Absent, like those below: switched off. */
  readonly twilio?: {
    readonly account: string;
    readonly auth: string;
    readonly from: string;
    readonly messagingServiceSid: string | null;
    /** Null: no WhatsApp. */
    readonly whatsapp: { readonly downContentSid: string; readonly upContentSid: string } | null;
  };
  /** Path of signal-cli's socket, or host:port. */
  readonly signalCliSocket?: string;
  readonly trelloAppKey?: string;
  readonly github?: { readonly clientId: string; readonly privateKey: string };
}

export interface EmailOptions {
  /** Empty: no mail at all. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** STARTTLS, required. */
  readonly useTls: boolean;
  /** TLS from the first byte. */
  readonly useSsl: boolean;
  /** `address` or `"Name" <address>`. */
  readonly from: string;
  /** Envelope sender with `%s` for the bounce id; null: the address of `from`. */
  readonly mailFromTemplate: string | null;
}

export interface HttpOptions {
  /** INTEGRATIONS_ALLOW_PRIVATE_IPS */
  readonly allowPrivateAddresses: boolean;
  readonly httpProxy: string | null;
  readonly httpsProxy: string | null;
  /** Hosts called without the proxy. */
  readonly noProxy: readonly string[];
}
