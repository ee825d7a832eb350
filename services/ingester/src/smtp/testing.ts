/** For the tests of this folder: a listener with a target that writes down, and an SMTP client that says what it is told. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { PingKind } from '@overdue/checks';
import { systemClock } from '@overdue/clock';
import { createLogger } from '@overdue/observability';
import { type CheckRules, type IncomingPing, type IntakeOutcome, NO_RULES } from '@overdue/pings';
import { type SmtpListener, type SmtpListenerOptions, startSmtpListener } from './index.ts';

export const DOMAIN = 'ping.test';
export const UUID = '2b6f0c10-7d1f-4f6b-9a3e-0123456789ab';
export const OTHER = '11111111-2222-4333-8444-555555555555';
export const KEY = 'abcdefghij0123456789kL';

export interface Seen extends Omit<IncomingPing, 'classify' | 'settle'> {
  readonly kind: PingKind;
}

/** Stands in for the intake: `rules` and `outcome` say what becomes of each ping. */
export class FakeTarget {
  readonly seen: Seen[] = [];
  rules: (ping: IncomingPing) => CheckRules = () => NO_RULES;
  outcome: (ping: IncomingPing) => IntakeOutcome | Promise<IntakeOutcome> = () => 'recorded';

  submit(incoming: IncomingPing): void {
    const { classify, settle, ...ping } = incoming;
    this.seen.push({ ...ping, kind: classify(this.rules(incoming)) });
    void Promise.resolve(this.outcome(incoming)).then(settle);
  }
}

export interface Fixture {
  readonly listener: SmtpListener;
  readonly target: FakeTarget;
  /** Messages of the log. */
  readonly log: string[];
  /** `early`: what the client writes before it has read the greeting. */
  client(early?: string): Promise<Client>;
}

export async function startFixture(options: Partial<SmtpListenerOptions> = {}): Promise<Fixture> {
  const target = new FakeTarget();
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push((JSON.parse(line) as { msg: string }).msg) };
  const listener = await startSmtpListener({
    host: '127.0.0.1',
    port: 0,
    domain: DOMAIN,
    certificate: null,
    target,
    clock: systemClock,
    logger: createLogger({ service: 'test', level: 'info', format: 'json', destination }),
    ...options,
  });
  return { listener, target, log, client: (early) => Client.open(listener.port, early) };
}

/** One SMTP session, command by command. */
export class Client {
  #socket: Socket | TLSSocket;
  #received = '';
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  /** Connects and reads the greeting. */
  static async open(port: number, early = ''): Promise<Client> {
    const socket = connect(port, '127.0.0.1');
    const client = new Client(socket);
    await once(socket, 'connect');
    socket.write(early);
    await client.reply();
    return client;
  }

  #listen(): void {
    this.#socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** The next reply, its lines joined by `\n`; `closed` when the session is over. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(this.#received);
      if (match) {
        this.#received = this.#received.slice(match[0].length);
        return match[0].trimEnd().replaceAll('\r\n', '\n');
      }
      if (this.#ended) return 'closed';
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  write(data: string | Buffer): void {
    this.#socket.write(data);
  }

  async say(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** EHLO, MAIL FROM and RCPT TO; all must be accepted. */
  async envelope(recipients: readonly string[], sender = 'cron@host.test'): Promise<void> {
    const replies = [await this.say('EHLO client.test'), await this.say(`MAIL FROM:<${sender}>`)];
    for (const recipient of recipients) replies.push(await this.say(`RCPT TO:<${recipient}>`));
    const refused = replies.find((reply) => !reply.startsWith('250'));
    if (refused !== undefined) throw new Error(`Refused: ${refused}`);
  }

  /** DATA, the message as it is to be on the wire (without the last dot), and the final reply. */
  async data(message: string | Buffer): Promise<string> {
    const go = await this.say('DATA');
    if (!go.startsWith('354')) return go;
    this.write(message);
    this.write('\r\n.\r\n');
    return this.reply();
  }

  /** STARTTLS; resolves with the certificate's fingerprint. */
  async startTls(): Promise<string> {
    const go = await this.say('STARTTLS');
    if (!go.startsWith('220')) throw new Error(go);
    this.#socket.removeAllListeners('data');
    const socket = connectTls({ socket: this.#socket as Socket, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    this.#socket = socket;
    this.#listen();
    return socket.getPeerCertificate().fingerprint256;
  }

  close(): void {
    this.#socket.destroy();
  }
}
