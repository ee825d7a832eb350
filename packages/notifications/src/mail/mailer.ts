import { createTransport, type SendMailOptions, type Transporter } from 'nodemailer';
import type { EmailOptions } from '../options.ts';
import { failed, permanent, retry, sent, type TransportResult } from '../result.ts';

/** One e-mail. */
export interface Mail {
  readonly to: string | readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Left part of the Message-ID, so that a mail that is sent again is recognised; made up when left out. */
  readonly id?: string;
  /** Left part of the envelope sender when a template for it is configured; default `bounces`. */
  readonly bounceId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly attachments?: SendMailOptions['attachments'];
}

/** SMTP, as `EMAIL_*` say. Connections are kept and shared. */
export class Mailer {
  readonly #options: EmailOptions;
  #transport: Transporter | undefined;

  constructor(options: EmailOptions) {
    this.#options = options;
  }

  /** False: no SMTP server is configured. */
  get configured(): boolean {
    return this.#options.host !== '';
  }

  /** Sends one mail and says what the server's answer means. Never throws. */
  async send(mail: Mail): Promise<TransportResult> {
    if (!this.configured) return failed('No SMTP server is configured (EMAIL_HOST)');
    const { address, domain } = sender(this.#options.from);
    try {
      const info = await this.#connected().sendMail({
        from: this.#options.from,
        to: mail.to as string | string[],
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        envelope: { from: this.#envelopeSender(mail.bounceId ?? 'bounces', address), to: mail.to as string | string[] },
        ...(mail.id === undefined ? {} : { messageId: `<${mail.id}@${domain}>` }),
        ...(mail.headers ? { headers: { ...mail.headers } } : {}),
        ...(mail.attachments ? { attachments: mail.attachments } : {}),
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      return sent(String((info as { response?: string }).response ?? 'OK').slice(0, 200));
    } catch (error) {
      return judge(error);
    }
  }

  /** Connects and signs in as a delivery would, and sends nothing. @throws what went wrong */
  async verify(): Promise<void> {
    await this.#connected().verify();
  }

  close(): void {
    this.#transport?.close();
    this.#transport = undefined;
  }

  #connected(): Transporter {
    const { host, port, user, password, useTls, useSsl } = this.#options;
    this.#transport ??= createTransport({
      pool: true,
      maxConnections: 8,
      maxMessages: 100,
      host,
      port,
      secure: useSsl,
      requireTLS: useTls && !useSsl,
      ignoreTLS: !useTls && !useSsl,
      ...(user === '' ? {} : { auth: { user, pass: password } }),
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 30_000,
      dnsTimeout: 10_000,
    } as Parameters<typeof createTransport>[0]) as Transporter;
    return this.#transport;
  }

  #envelopeSender(bounceId: string, address: string): string {
    return this.#options.mailFromTemplate?.replace('%s', bounceId) ?? address;
  }
}

/** The address in `"Name" <address>`, and its domain (notifications.md §7.1). */
export function sender(from: string): { address: string; domain: string } {
  const address = /<([^<>]*)>\s*$/.exec(from)?.[1] ?? from.trim();
  return { address, domain: address.slice(address.lastIndexOf('@') + 1).replace('>', '') };
}

interface SmtpError extends Error {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
}

/**
 * What an SMTP failure means:
 *   no connection, time-out, TLS, sign-in refused     another attempt: it concerns our server, not this recipient
 *   4xx                                                another attempt
 *   5xx to the recipient, mailbox unknown or closed    permanent, like the bounce it would have become
 *   5xx otherwise (policy, content, size, relaying)    this message fails; the channel stays
 */
function judge(error: unknown): TransportResult {
  const smtp = error as SmtpError;
  const answer = (smtp.response ?? smtp.message ?? String(error)).replace(/\s+/g, ' ').trim();
  const text = `SMTP error: ${answer}`.slice(0, 200);
  const status = smtp.responseCode ?? 0;
  if (smtp.code === 'EAUTH' || smtp.command === 'AUTH' || status === 530 || status === 535) {
    return retry(text, { unreachable: true });
  }
  if (status >= 500 && smtp.code === 'EENVELOPE' && /RCPT/i.test(smtp.command ?? 'RCPT')) {
    return isDeadMailbox(answer) ? permanent(text) : failed(text);
  }
  if (status >= 500) return failed(text);
  if (status >= 400) return retry(text);
  if (smtp.code === 'EENVELOPE' || smtp.code === 'EMESSAGE') return failed(text);
  return retry(text, { unreachable: true });
}

/** Of an address, but not for certain of the recipient's: any address (0), the sender's (7, 8). RFC 3463, 3.2. */
const NOT_THE_RECIPIENT = ['0', '7', '8'];
const ABOUT_THE_SENDER = /\bsender\b|\breturn[- ]?path\b|\benvelope[- ]from\b|\bmail[- ]from\b/i;

/**
 * 5.1.x: no such address; 5.2.1: mailbox disabled. Without an enhanced code the plain ones for mailboxes. Servers that
 * judge the sender only when they hear of a recipient speak of ours: a wrong DEFAULT_FROM_EMAIL switches nobody off.
 */
function isDeadMailbox(answer: string): boolean {
  if (ABOUT_THE_SENDER.test(answer.replace(/\S+@\S+/g, ''))) return false;
  const enhanced = /\b5\.(\d{1,3})\.(\d{1,3})\b/.exec(answer);
  if (enhanced?.[1] === '1') return !NOT_THE_RECIPIENT.includes(enhanced[2]!);
  if (enhanced) return enhanced[1] === '2' && enhanced[2] === '1';
  return /^(550|551|553)\b/.test(answer) && !/relay|policy|spam|block|denied|auth/i.test(answer);
}
