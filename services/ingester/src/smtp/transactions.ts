import type { Readable } from 'node:stream';
import type { Clock } from '@overdue/clock';
import type { Logger } from '@overdue/observability';
import { parsePingMailbox, plainAddress } from '@overdue/pings';
import type { SMTPServerSession } from 'smtp-server';
import type { SmtpLimits } from './limits.ts';
import { type EmailMessage, type OnOutcome, type PingTarget, pingRecipients, type Recipient } from './message.ts';
import { PartlyDone } from './partly-done.ts';
import { ByteBudget, receive } from './receive.ts';
import { type MailRefusal, RefusalError } from './refusal.ts';

export interface TransactionsOptions {
  /** PING_EMAIL_DOMAIN. */
  readonly domain: string;
  readonly limits: Pick<SmtpLimits, 'messageBytes' | 'totalBytes' | 'recipients' | 'messageMs'>;
  readonly target: PingTarget;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onOutcome: OnOutcome;
  readonly onRefused: (reason: MailRefusal) => void;
}

/** How the library hears what it is to reply. */
type Callback = (error?: Error | null, message?: string) => void;

/** The mail transactions of all sessions (RFC 5321, 3.3): whose checks a mail pings, and that it did. */
export class Transactions {
  readonly #options: TransactionsOptions;
  readonly #budget: ByteBudget;
  // The library keeps recipients by address in lower case, each once; ping keys know case, and P-59 wants each.
  readonly #recipients = new WeakMap<SMTPServerSession, Recipient[]>();
  readonly #partly = new PartlyDone();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: TransactionsOptions) {
    this.#options = options;
    this.#budget = new ByteBudget(options.limits.totalBytes);
  }

  /** MAIL FROM */
  begin(session: SMTPServerSession, callback: Callback): void {
    this.#recipients.set(session, []);
    callback();
  }

  /** RCPT TO */
  addRecipient(address: string, session: SMTPServerSession, callback: Callback): void {
    const { domain, limits } = this.#options;
    const check = parsePingMailbox(address, domain);
    const recipients = this.#recipients.get(session) ?? [];
    if (check === 'wrong domain') {
      this.#refuse(callback, new RefusalError('wrong_domain', 550, '5.1.1 Recipient rejected'));
    } else if (check === 'invalid mailbox') {
      this.#refuse(callback, new RefusalError('invalid_mailbox', 550, '5.1.1 Invalid mailbox'));
    } else if (recipients.length >= limits.recipients) {
      this.#refuse(callback, new RefusalError('too_many_recipients', 452, '4.5.3 Too many recipients'));
    } else {
      recipients.push({ address, check });
      callback();
    }
  }

  /** DATA */
  end(stream: Readable, session: SMTPServerSession, callback: Callback): void {
    const done = this.#receive(stream, session).then(
      () => callback(null, 'OK'),
      (error) => this.#refuse(callback, error instanceof RefusalError ? error : this.#unexpected(error)),
    );
    this.#underWay.add(done);
    void done.finally(() => this.#underWay.delete(done));
  }

  /** Resolves when the messages that are being received or recorded are answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #receive(stream: Readable, session: SMTPServerSession): Promise<void> {
    const { clock, limits } = this.#options;
    const late = clock.after(limits.messageMs, () => stream.destroy(new Error('The message took too long.')));
    const received = await receive(stream, limits.messageBytes, this.#budget).finally(() => late.cancel());
    // The library answers 552.
    if (received === 'too big') return;
    // Nobody is left to hear it, unless it is we who broke off because it took too long.
    if (received === 'broken off') throw new RefusalError('broken_off', 421, 'The message took too long');
    if (received === 'no room') throw new RefusalError('no_room', 452, '4.3.1 Too much mail at once, try again later');
    try {
      await this.#record(session, received.raw);
    } finally {
      received.release();
    }
  }

  async #record(session: SMTPServerSession, raw: Buffer): Promise<void> {
    const { target, logger, onOutcome } = this.#options;
    const { envelope } = session;
    const message: EmailMessage = {
      sender: envelope.mailFrom ? envelope.mailFrom.address : '',
      remoteAddress: plainAddress(session.remoteAddress) ?? session.remoteAddress,
      recipients: this.#recipients.get(session) ?? [],
      raw,
    };
    const from = this.#partly.take(message);
    const done = await pingRecipients(message, from, target, logger, onOutcome);
    if (done === message.recipients.length) return;
    this.#partly.put(message, done);
    throw new RefusalError('not_recorded', 451, '4.3.0 Could not record the ping, try again later');
  }

  #refuse(callback: Callback, refusal: RefusalError): void {
    this.#options.onRefused(refusal.reason);
    callback(refusal);
  }

  #unexpected(err: unknown): RefusalError {
    this.#options.logger.error({ err }, 'Could not process an e-mail ping');
    return new RefusalError('error', 451, '4.3.0 Could not process the message, try again later');
  }
}
