import { SMTPServer } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { parseEnvelopePath } from './envelope.ts';

/** Commands of smtp-server that make no sense here; `AUTH` and `STARTTLS` get a reply of their own below. */
export const DISABLED_COMMANDS = ['AUTH', 'XCLIENT', 'XFORWARD', 'WIZ', 'SHELL', 'KILL'];

/**
 * One SMTP session, with the replies of ping-api.md 10.2 in place of the library's. It goes into methods that
 * smtp-server declares but does not document, so its version is pinned, and every reply is tested on the wire.
 */
class PingConnection extends SMTPConnection {
  readonly #owner: PingServer;
  /** What it said before the greeting; the parser gives one command at a time. */
  #early: (() => void) | null = null;

  constructor(owner: PingServer, ...[socket, options]: Parameters<SMTPServer['connect']>) {
    super(owner, socket, options);
    this.#owner = owner;
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (code === 552) this.#owner.onTooBig();
    if (context === 'MAIL_FROM_OK' || context === 'RCPT_TO_OK') {
      super.send(250, 'OK', context);
    } else if (code === 500 && context === 'STARTTLS') {
      super.send(454, 'TLS is not available here', context);
    } else if (code === 500 && context === 'AUTH') {
      super.send(538, 'There is nothing to authenticate here: just send the message', context);
    } else if (code === 250 && Array.isArray(data)) {
      super.send(250, [...data, 'HELP'], context);
    } else {
      super.send(code, data, context);
    }
  }

  /** Addresses as they were sent: the library would refuse, fold or convert some before we see them. */
  override _parseAddressCommand(name: string, command: Buffer | string) {
    const path = parseEnvelopePath(name === 'rcpt to' ? 'RCPT TO' : 'MAIL FROM', command.toString());
    if (!path) return false;
    // An empty recipient is answered like any other that is no mailbox of ours, in onRcptTo.
    const address = name === 'rcpt to' && path.address === '' ? ' ' : path.address;
    return { address, args: path.args, duplicate: path.duplicate };
  }

  /**
   * Small devices write all that they have to say at once, and do not wait for the greeting. The library would hang up on
   * them: most who do so elsewhere send spam.
   */
  override _onCommand(command: Buffer, callback?: () => void): void {
    if (this._ready) super._onCommand(command, callback);
    else this.#early = () => super._onCommand(command, callback);
  }

  override connectionReady(next?: () => void): void {
    super.connectionReady(() => {
      next?.();
      this.#early?.();
      this.#early = null;
    });
  }

  /** The library's own parser; this one goes on behind a message that came whole with what follows it. */
  override _createParser() {
    const parser = super._createParser();
    parser.continue = () => {
      const goOn = parser._continueCallback;
      // Before it goes on, as that may be up to the end of the next message, which is to be gone on from then.
      parser._continueCallback = typeof goOn !== 'function';
      if (typeof goOn === 'function') goOn();
    };
    return parser;
  }

  override handler_HELP(_command: Buffer, callback: () => void): void {
    this.send(214, `Mail to UUID@${this.name} or PINGKEY+SLUG@${this.name} pings that check`);
    callback();
  }

  /** Whether a message is being received, or being recorded. */
  get busy(): boolean {
    return Boolean(this._dataStream);
  }
}

/** The library's server with {@link PingConnection} for its sessions. */
export class PingServer extends SMTPServer {
  /** A mail was refused for its size, announced or real. */
  onTooBig: () => void = () => {};

  override connect(...[socket, options]: Parameters<SMTPServer['connect']>): void {
    const connection = new PingConnection(this, socket, options);
    this.connections.add(connection);
    connection.on('error', (error) => this._onError(error));
    connection.init();
  }

  /** Ends the sessions in which no message is under way; the others end by themselves. */
  dismissIdle(): void {
    for (const connection of [...this.connections]) {
      if (connection instanceof PingConnection && connection.busy) continue;
      connection.send(421, 'Closing: try again in a moment', false);
    }
  }
}
