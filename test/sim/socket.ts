import { EventEmitter } from 'node:events';

/** As much of a socket as postgres.js uses. */
export class SimSocket extends EventEmitter {
  readyState: 'open' | 'closed' = 'open';
  readonly #sent: (bytes: Buffer) => void;
  readonly #closed: () => void;

  constructor(sent: (bytes: Buffer) => void, closed: () => void) {
    super();
    this.#sent = sent;
    this.#closed = closed;
  }

  write(bytes: Buffer, done?: () => void): boolean {
    if (this.readyState === 'open') this.#sent(Buffer.from(bytes));
    if (done) setImmediate(done);
    return true;
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.#closed();
    setImmediate(() => this.emit('close', false));
  }

  /** From the network: data. */
  receive(bytes: Buffer): void {
    if (this.readyState === 'open') this.emit('data', bytes);
  }

  /** From the network: it broke. */
  fail(code: string, message: string): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    if (this.listenerCount('error') > 0) this.emit('error', Object.assign(new Error(message), { code }));
    this.emit('close', true);
  }
}
