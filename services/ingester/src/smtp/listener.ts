import type { AddressInfo } from 'node:net';
import type { Clock } from '@overdue/clock';
import { type Logger, listenError } from '@overdue/observability';
import { Certificate, type CertificateFiles } from './certificate.ts';
import { DISABLED_COMMANDS, PingServer } from './connection.ts';
import { LIMITS, type SmtpLimits } from './limits.ts';
import type { OnOutcome, PingTarget } from './message.ts';
import type { MailRefusal } from './refusal.ts';
import { Transactions } from './transactions.ts';

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

export interface SmtpListener {
  readonly port: number;
  /** Takes no more; messages under way are recorded and answered first. */
  stop(): Promise<void>;
}

/**
 * Listens for pings by e-mail (ping-api.md section 10).
 *
 * `250 OK` at the end of a message says that each of its pings is committed or safe in the spool, or names no check;
 * when one can be neither, 451, and the sender's queue keeps the message.
 * @throws StartError when the port cannot be opened; Error when the certificate is not usable
 */
export async function startSmtpListener(options: SmtpListenerOptions): Promise<SmtpListener> {
  const { clock, domain, target, onOutcome = () => undefined, onRefused = () => undefined } = options;
  const logger = options.logger.child({ component: 'smtp' });
  const limits: SmtpLimits = { ...LIMITS, ...options.limits };
  const certificate = options.certificate && new Certificate(options.certificate, logger);
  const keyPair = await certificate?.load();
  const transactions = new Transactions({ domain, limits, target, clock, logger, onOutcome, onRefused });

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
    onMailFrom: (_sender, session, callback) => transactions.begin(session, callback),
    onRcptTo: ({ address }, session, callback) => transactions.addRecipient(address, session, callback),
    onData: (stream, session, callback) => transactions.end(stream, session, callback),
  });
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
    await Promise.race([transactions.settled(), clock.sleep(limits.stopMs, waited.signal)]);
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
