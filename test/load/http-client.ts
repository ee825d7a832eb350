import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * A closed-loop HTTP/1.1 load generator on plain sockets: each connection has one request under way and sends the next
 * when the answer has arrived. It reads only what it must of an answer (status, Content-Length), so that on a machine
 * shared with the server it takes as little of it as Node can.
 */
export interface LoadOptions {
  readonly host?: string;
  readonly port: number;
  readonly connections: number;
  /** How long to send, in milliseconds; requests under way are waited for. */
  readonly durationMs?: number;
  /** Or: stop after so many requests in all. */
  readonly requests?: number;
  /** Or: stop once it says so; asked before each request. */
  readonly isOver?: () => boolean;
  /** The whole request, head and body, of the i-th request. */
  readonly request: (i: number) => string | Buffer;
  /** A connection of its own for each request (the request should say `Connection: close`). */
  readonly newConnections?: boolean;
  /** Over TLS, trusting any certificate; with newConnections each request has a whole handshake. */
  readonly tls?: boolean;
  /** Upper bound of requests a second over all connections; default none. */
  readonly rate?: number;
  /** Called with the status and index of each answered request, and the milliseconds that it took. */
  readonly onAnswer?: (status: number, i: number, ms: number) => void;
  /** What went wrong with a request that got no answer; counted as an error. */
  readonly onError?: (error: Error, i: number) => void;
}

export interface LoadResult {
  readonly sent: number;
  readonly answered: number;
  readonly errors: number;
  readonly statuses: Readonly<Record<number, number>>;
  readonly seconds: number;
  /** Answers a second. */
  readonly rate: number;
  readonly latency: Latency;
  /** Of each answered request, from the shortest. */
  readonly latencies: Float64Array;
}

/** Milliseconds from sending to the answer's last byte. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** @param sorted milliseconds, from the shortest */
export function latencyOf(sorted: Float64Array): Latency {
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Sends load and resolves when it is over; never rejects for what the server does. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const state = new Run(options);
  const workers = Array.from({ length: options.connections }, () => new Connection(state).run());
  await Promise.all(workers);
  return state.result();
}

class Run {
  sent = 0;
  answered = 0;
  errors = 0;
  readonly statuses: Record<number, number> = {};
  #latencies = new Float64Array(1 << 16);
  readonly #started = performance.now();

  constructor(readonly options: LoadOptions) {}

  /** The next request's number, or -1 when it is over. */
  next(): number {
    const { durationMs, requests, isOver } = this.options;
    if (isOver?.()) return -1;
    if (requests !== undefined && this.sent >= requests) return -1;
    if (durationMs !== undefined && performance.now() - this.#started >= durationMs) return -1;
    return this.sent++;
  }

  /** Milliseconds to wait before request `i` may go, to keep to the rate. */
  delay(i: number): number {
    if (!this.options.rate) return 0;
    return this.#started + (i / this.options.rate) * 1000 - performance.now();
  }

  answer(status: number, i: number, ms: number): void {
    if (this.answered === this.#latencies.length) {
      const larger = new Float64Array(this.#latencies.length * 2);
      larger.set(this.#latencies);
      this.#latencies = larger;
    }
    this.#latencies[this.answered++] = ms;
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    this.options.onAnswer?.(status, i, ms);
  }

  fail(error: Error, i: number): void {
    this.errors++;
    this.options.onError?.(error, i);
  }

  result(): LoadResult {
    const seconds = (performance.now() - this.#started) / 1000;
    const latencies = this.#latencies.slice(0, this.answered).sort();
    return {
      sent: this.sent,
      answered: this.answered,
      errors: this.errors,
      statuses: this.statuses,
      seconds,
      rate: this.answered / seconds,
      latency: latencyOf(latencies),
      latencies,
    };
  }
}

/**
 * All connections without TLS read into this: each looks at what it got before another reads. A buffer for each read
 * would make the collector stop the client now and then, in the middle of what it measures.
 */
const READ = Buffer.allocUnsafe(1 << 16);

class Connection {
  #socket: Socket | null = null;
  /** The beginning of an answer, as long as its head is not complete. */
  #rest: Buffer | null = null;
  #status = 0;
  /** Bytes of the answer's body that have not come yet. */
  #missing = 0;
  #current = -1;
  #sentAt = 0;
  #done: () => void = () => {};

  constructor(readonly run_: Run) {}

  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#next();
    });
  }

  #next(): void {
    const i = this.run_.next();
    if (i < 0) {
      this.#socket?.destroy();
      this.#socket = null;
      this.#done();
      return;
    }
    const delay = this.run_.delay(i);
    if (delay > 1) setTimeout(() => this.#send(i), delay);
    else this.#send(i);
  }

  #send(i: number): void {
    this.#current = i;
    this.#sentAt = performance.now();
    if (!this.#socket) this.#open();
    const request = this.run_.options.request(i);
    if (typeof request === 'string') this.#socket!.write(request, 'latin1');
    else this.#socket!.write(request);
  }

  #open(): void {
    const { host = '127.0.0.1', port, tls } = this.run_.options;
    const socket = tls
      ? connectTls({ host, port, rejectUnauthorized: false, servername: 'localhost' })
      : connect({ host, port, noDelay: true, onread: { buffer: READ, callback: (length) => this.#onRead(length) } });
    this.#socket = socket;
    this.#rest = null;
    this.#missing = 0;
    if (tls) socket.on('data', (data) => this.#onData(data as Buffer));
    socket.on('error', (error) => this.#lost(socket, error));
    socket.on('close', () => this.#lost(socket, new Error('closed before the answer')));
  }

  #lost(socket: Socket, error: Error): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    const i = this.#current;
    this.#current = -1;
    if (i < 0) return;
    this.run_.fail(error, i);
    setImmediate(() => this.#next());
  }

  /** @returns true: go on reading */
  #onRead(length: number): boolean {
    this.#onData(READ.subarray(0, length));
    return true;
  }

  /** @param data only until it returns */
  #onData(data: Buffer): void {
    if (this.#missing > 0) {
      // More of a body, which is only counted: a megabyte that is put together again each time costs more than the server.
      this.#missing -= data.length;
      if (this.#missing <= 0) this.#answered();
      return;
    }
    const buffer = this.#rest ? Buffer.concat([this.#rest, data]) : data;
    const head = buffer.indexOf('\r\n\r\n');
    if (head < 0) {
      this.#rest = Buffer.from(buffer);
      return;
    }
    this.#rest = null;
    this.#status = (buffer[9]! - 48) * 100 + (buffer[10]! - 48) * 10 + buffer[11]! - 48;
    this.#missing = head + 4 + contentLength(buffer, head) - buffer.length;
    if (this.#missing <= 0) this.#answered();
  }

  #answered(): void {
    this.#missing = 0;
    const i = this.#current;
    this.#current = -1;
    this.run_.answer(this.#status, i, performance.now() - this.#sentAt);
    if (this.run_.options.newConnections) {
      const socket = this.#socket;
      this.#socket = null;
      socket?.destroy();
    }
    this.#next();
  }
}

const LENGTH = Buffer.from('ontent-');

/** Value of Content-Length in the head that ends at `end`; 0 when it has none. */
function contentLength(buffer: Buffer, end: number): number {
  for (let at = buffer.indexOf(LENGTH); at >= 0 && at < end; at = buffer.indexOf(LENGTH, at + 1)) {
    const name = buffer.toString('latin1', at - 1, at + 13).toLowerCase();
    if (name !== 'content-length') continue;
    return numberUpTo(buffer, at + 14);
  }
  return 0;
}

/** The decimal number between `from` and the end of the line. */
function numberUpTo(buffer: Buffer, from: number): number {
  let value = 0;
  for (let p = from; buffer[p] !== 13; p++) {
    const c = buffer[p]!;
    if (c >= 48 && c <= 57) value = value * 10 + c - 48;
  }
  return value;
}
