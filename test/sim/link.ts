import type { Instant } from '@overdue/clock';
import { type Unit, UnitReader } from './messages.ts';
import type { Session, Sessions } from './sessions.ts';
import { SimSocket } from './socket.ts';
import type { WireFault } from './wire-fault.ts';

/** A process, as far as its connections are concerned. */
export interface Client {
  readonly name: string;
  /** Dead: whatever its driver still sends reaches nobody. */
  readonly alive: boolean;
  /** Stopped by its host: nothing is delivered to it before {@link frozenUntil}. */
  readonly frozen: boolean;
  readonly frozenUntil: Instant;
  crash(): Promise<void>;
}

/** Hears of what a link's driver does. */
export interface DriverListener {
  sent(link: Link, bytes: Buffer): void;
  closed(link: Link): void;
}

/** A unit on its way to the server. */
export interface Request {
  readonly unit: Unit;
  readonly notBefore: Instant;
  readonly fault: WireFault | undefined;
}

/** One connection: the driver's socket here, the server's there. */
export class Link {
  readonly socket: SimSocket;
  readonly requests: Request[] = [];
  readonly answers: { readonly bytes: Buffer; readonly notBefore: Instant }[] = [];
  readonly client: Client;
  /** Which of its client's connections it is. */
  readonly nth: number;
  busy: Promise<void> | null = null;
  /** The driver has closed it, and something is still on its way to the server. */
  orphan = false;
  session: Session | undefined;

  readonly #units = new UnitReader();

  constructor(client: Client, nth: number, driver: DriverListener) {
    this.client = client;
    this.nth = nth;
    this.socket = new SimSocket(
      (bytes) => driver.sent(this, bytes),
      () => driver.closed(this),
    );
  }

  /** What the driver sent, as far as it is whole: what was sent before may have been the first part of it. */
  read(bytes: Buffer): Unit[] {
    return this.#units.push(bytes);
  }

  deliver(): void {
    this.socket.receive(this.answers.shift()!.bytes);
  }

  /** Sends a unit to the server. Resolves with its answer; null: the server closed the connection. */
  async send(unit: Unit, sessions: Sessions, now: Instant): Promise<Buffer | null> {
    if (this.session) return await this.session.send(unit, now);
    const opened = await sessions.open(unit.bytes);
    this.session = opened?.session;
    return opened?.greeting ?? null;
  }
}
