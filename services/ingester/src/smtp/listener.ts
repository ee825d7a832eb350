import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@overdue/clock';
import { type Logger, listenError } from '@overdue/observability';
import { parsePingMailbox, plainAddress } from '@overdue/pings';
import { LRUCache } from 'lru-cache';
import type { SMTPServerSession } from 'smtp-server';
import { Certificate, type CertificateFiles } from './certificate.ts';
import { DISABLED_COMMANDS, PingServer } from './connection.ts';
import { type EmailMessage, type OnOutcome, type PingTarget, pingRecipients, type Recipient } from './message.ts';
import { ByteBudget, receive } from './receive.ts';

export interface SmtpListenerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** PING_EMAIL_DOMAIN. */
  readonly domain: string;
  /** With it, STARTTLS is offered. */
  readonly certificate: CertificateFiles | null;
  readonly target: PingTarget;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onOutcome?: OnOutcome;
  /** Told of each recipient and mail that gets no 250. */
  readonly onRefused?: (reason: MailRefusal) => void;
  /** Bounds, for tests. */
  readonly limits?: Partial<SmtpLimits>;
}

/** Why a recipient or a mail is refused. */
export type MailRefusal =
  /** A recipient that is not ours, or is no address of a check. */
  | 'wrong_domain'
  | 'invalid_mailbox'
  | 'too_many_recipients'
  /** The mail, or what it says to be. */
  | 'too_big'
  /** It took too long, or its connection ended before it did. */
  | 'broken_off'
  /** Too many under way at once. */
  | 'no_room'
  /** A ping of it can be neither committed nor spooled, or is over PING_RATE_LIMIT. */
  | 'not_recorded'
  /** A mistake of ours. */
  | 'error';

export interface SmtpLimits {
  /** Of a message, announced as SIZE (ping-api.md 10.2). */
  readonly messageBytes: number;
  /** Of all messages in hand. */
  readonly totalBytes: number;
  readonly sessions: number;
  /** Of one message; what RFC 5321 asks for at least. */
  readonly recipients: number;
  /** Silence after which a session is ended, in milliseconds. */
  readonly idleMs: number;
  /** How long one message may take to arrive, in milliseconds. */
  readonly messageMs: number;
  /** How often the certificate's files are looked at, in milliseconds. */
  readonly certificateMs: number;
  /** How long messages under way are waited for when stopping, in milliseconds. */
  readonly stopMs: number;
}

const LIMITS: SmtpLimits = {
  messageBytes: 33_554_432,
  totalBytes: 128 * 1024 * 1024,
  sessions: 500,
  recipients: 100,
  idleMs: 60_000,
  messageMs: 600_000,
  certificateMs: 10_000,
  stopMs: 5_000,
};

export interface SmtpListener {
  readonly port: number;
  /** Takes no more; messages under way are recorded and answered first. */
  stop(): Promise<void>;
}

/** An SMTP reply other than the good one. */
class Reply extends Error {
  readonly responseCode: number;
  readonly reason: MailRefusal;

  constructor(reason: MailRefusal, code: number, text: string) {
    super(text);
    this.reason = reason;
    this.responseCode = code;
  }
}

/**
 * Listens for pings by e-mail (ping-api.md section 10).
 *
 * `250 OK` at the end of a message says that each of its pings is committed or safe in the spool, or names no check;
 * when one can be neither, 451, and the sender's queue keeps the message.
 * @throws StartError when the port cannot be opened; Error when the certificate is not usable
 */
export async function startSmtpListener(options: SmtpListenerOptions): Promise<SmtpListener> {
  const { clock, domain, target, onRefused = () => undefined } = options;
  const logger = options.logger.child({ component: 'smtp' });
  const limits: SmtpLimits = { ...LIMITS, ...options.limits };
  const budget = new ByteBudget(limits.totalBytes);
  const certificate = options.certificate && new Certificate(options.certificate, logger);
  const keyPair = await certificate?.load();
  // The library keeps recipients by address in lower case, each once; ping keys know case, and P-59 wants each.
  const recipients = new WeakMap<SMTPServerSession, Recipient[]>();
  const partial = new PartlyDone();
  const underWay = new Set<Promise<unknown>>();

  const server = new PingServer({
    ...keyPair,
    name: domain,
    banner: 'Overdue',
    size: limits.messageBytes,
    rejectOversized: true,
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: certificate ? DISABLED_COMMANDS : [...DISABLED_COMMANDS, 'STARTTLS'],
    maxClients: limits.sessions,
    maxCommandLength: 4096,
    socketTimeout: limits.idleMs,
    closeTimeout: limits.stopMs,
    logger: false,
    onMailFrom(_sender, session, callback) {
      recipients.set(session, []);
      callback();
    },
    onRcptTo({ address }, session, callback) {
      const check = parsePingMailbox(address, domain);
      const list = recipients.get(session) ?? [];
      const refuse = (reply: Reply) => {
        onRefused(reply.reason);
        callback(reply);
      };
      if (check === 'wrong domain') refuse(new Reply('wrong_domain', 550, '5.1.1 Recipient rejected'));
      else if (check === 'invalid mailbox') refuse(new Reply('invalid_mailbox', 550, '5.1.1 Invalid mailbox'));
      else if (list.length >= limits.recipients) {
        refuse(new Reply('too_many_recipients', 452, '4.5.3 Too many recipients'));
      } else {
        list.push({ address, check });
        callback();
      }
    },
    onData(stream, session, callback) {
      const late = clock.after(limits.messageMs, () => stream.destroy(new Error('The message took too long.')));
      const done = receive(stream, limits.messageBytes, budget)
        .finally(() => late.cancel())
        .then(async (received) => {
          // The library answers 552.
          if (received === 'too big') return;
          // Nobody is left to hear it, unless it is we who broke off because it took too long.
          if (received === 'broken off') throw new Reply('broken_off', 421, 'The message took too long');
          if (received === 'no room') throw new Reply('no_room', 452, '4.3.1 Too much mail at once, try again later');
          try {
            await record(session, received.raw);
          } finally {
            received.release();
          }
        })
        .then(
          () => callback(null, 'OK'),
          (error) => {
            const reply = error instanceof Reply ? error : unexpected(error);
            onRefused(reply.reason);
            callback(reply);
          },
        );
      underWay.add(done);
      void done.finally(() => underWay.delete(done));
    },
  });

  async function record(session: SMTPServerSession, raw: Buffer): Promise<void> {
    const { envelope } = session;
    const message: EmailMessage = {
      sender: envelope.mailFrom ? envelope.mailFrom.address : '',
      remoteAddress: plainAddress(session.remoteAddress) ?? session.remoteAddress,
      recipients: recipients.get(session) ?? [],
      raw,
    };
    const from = partial.take(message);
    const done = await pingRecipients(message, from, target, logger, options.onOutcome ?? (() => {}));
    if (done === message.recipients.length) return;
    partial.put(message, done);
    throw new Reply('not_recorded', 451, '4.3.0 Could not record the ping, try again later');
  }

  function unexpected(err: unknown): Reply {
    logger.error({ err }, 'Could not process an e-mail ping');
    return new Reply('error', 451, '4.3.0 Could not process the message, try again later');
  }

  server.onTooBig = () => onRefused('too_big');
  server.on('error', (err) => logger.debug({ err }, 'An SMTP session failed'));
  await new Promise<void>((resolve, reject) => {
    const { host, port } = options;
    server.server.once('error', (error) => reject(listenError(error, { variable: 'SMTPD_PORT', host, port })));
    server.listen(options.port, options.host, resolve);
  });

  const reload =
    certificate &&
    clock.every(limits.certificateMs, () => {
      void certificate.changed().then((pair) => {
        if (pair) server.updateSecureContext(pair);
      });
    });

  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    reload?.cancel();
    const closed = new Promise<void>((resolve) => server.close(resolve));
    server.dismissIdle();
    const waited = new AbortController();
    await Promise.race([Promise.all(underWay), clock.sleep(limits.stopMs, waited.signal)]);
    waited.abort();
    server.dismissIdle();
    await closed;
  }

  return {
    port: (server.server.address() as AddressInfo).port,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/**
 * Messages of which some recipients are recorded and the others were not possible: when the sender comes again with the
 * same one, it is taken up where it was left, so that no check is pinged twice.
 */
class PartlyDone {
  readonly #done = new LRUCache<string, number>({ max: 10_000 });

  /** How many recipients are done already; forgotten by being asked. */
  take(message: EmailMessage): number {
    if (this.#done.size === 0 || message.recipients.length < 2) return 0;
    const key = digest(message);
    const done = this.#done.get(key) ?? 0;
    this.#done.delete(key);
    return done;
  }

  put(message: EmailMessage, done: number): void {
    if (done > 0) this.#done.set(digest(message), done);
  }
}

function digest({ sender, recipients, raw }: EmailMessage): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([sender, recipients.map((recipient) => recipient.address)]));
  return hash.update(raw).digest('base64');
}
