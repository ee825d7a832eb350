/**
 * HTTP pings. The only file that knows uWebSockets.js: what it hands out is valid during its callback only, and a
 * response that was aborted must not be touched.
 */

import uWS, { type HttpRequest, type HttpResponse, type TemplatedApp, type us_listen_socket } from 'uWebSockets.js';
import { createServer } from 'node:net';
import type { PingKind } from '@overdue/checks';
import type { Clock, Milliseconds } from '@overdue/clock';
import { listenError } from '@overdue/observability';
import {
  type CheckRules,
  classifyHttp,
  EXIT_STATUS_TOO_HIGH,
  type IncomingPing,
  type IntakeOutcome,
  type PingAction,
  type PingAddress,
  type PingIntake,
  type PingPath,
  parsePingPath,
  parseQuery,
} from '@overdue/pings';
import { type Answer, type Answers, BODY_TOO_LARGE, NO_ROUTE, UNAVAILABLE, UPPER_CASE } from './answers.ts';
import { type Head, readHead } from './head.ts';
import { clientBehind, type Peers, schemeBehind } from './peer.ts';

/** Django's DATA_UPLOAD_MAX_MEMORY_SIZE: larger bodies are refused, smaller ones cut (section 4, step 4). */
const MAX_BODY_BYTES = 2_621_440;
/** The rest of a refused body is read and thrown away up to here; past it the connection is closed. */
const MAX_THROWN_AWAY_BYTES = 64 << 20;
/**
 * How long a body may take. uWebSockets.js ends a connection ten seconds after it began to wait for the body, unless 16 kB
 * come in each of them; a job on a slow line sends less. Ten seconds of silence still end it.
 */
const MAX_BODY_MS = 60_000;
/** While pieces of a body come, its ten seconds begin anew so often; each time takes two system calls. */
const RENEW_MS = 1000;

export interface HttpServerOptions {
  readonly clock: Clock;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly intake: PingIntake;
  readonly answers: Answers;
  readonly peers: Peers;
  /** PING_BODY_LIMIT; null: none. */
  readonly bodyLimit: number | null;
  /** Bytes of bodies that may be on their way in at a time. */
  readonly maxIncomingBytes: number;
  /** Called with the status of each answer that is not 2xx. */
  readonly onRejected: (status: number) => void;
  /** Called when a ping could not be taken that may be one of an existing check. */
  readonly onRefused: () => void;
  /** A mistake of ours; the connection is closed without an answer. */
  readonly onError: (error: unknown) => void;
}

export interface HttpServer {
  readonly port: number;
  /** Takes no new connections; the answers from now on close theirs. */
  drain(): void;
  /** Closes every connection. */
  close(): void;
}

/** What a request needs of the server. */
interface Shared extends HttpServerOptions {
  draining: boolean;
  /** Bytes of bodies read and not yet handed in. */
  incomingBytes: number;
}

/** @throws StartError when the port is in use or may not be opened */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  await requireFreePort(options.host, options.port);
  const shared: Shared = { ...options, draining: false, incomingBytes: 0 };
  const app = uWS.App();
  app.filter((res, change) => onConnection(options.peers, res, change));
  app.any('/*', (res, req) => {
    try {
      onRequest(shared, res, req);
    } catch (error) {
      shared.onError(error);
      res.close();
    }
  });
  const listening = await listen(app, options.host, options.port);
  const drain = () => {
    if (shared.draining) return;
    shared.draining = true;
    uWS.us_listen_socket_close(listening);
  };
  return {
    port: uWS.us_socket_local_port(listening),
    drain,
    close() {
      drain();
      app.close();
    },
  };
}

/** @param change 1: it was opened; -1: closed (`unknown`, because the library's types say `Number`) */
function onConnection(peers: Peers, res: HttpResponse, change: unknown): void {
  if (change === 1) peers.opened(res.getRemoteAddress());
  else peers.closed();
}

/** uWebSockets.js shares a port with whoever else does (SO_REUSEPORT); an ordinary listener finds out. */
function requireFreePort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => reject(listenError(error, { variable: 'PING_PORT', host, port })));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

function listen(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket> {
  return new Promise((resolve, reject) => {
    app.listen(host, port, (socket) => {
      if (socket) resolve(socket);
      else reject(listenError({ code: 'EADDRINUSE' }, { variable: 'PING_PORT', host, port }));
    });
  });
}

function onRequest(shared: Shared, res: HttpResponse, req: HttpRequest): void {
  const method = req.getCaseSensitiveMethod();
  const isHead = method === 'HEAD';
  const head = readHead(req);
  if (isAmbiguous(head)) {
    // Without an answer: after one, what follows in the same packet would still be taken for a request.
    shared.onRejected(400);
    res.close();
    return;
  }
  const path = parsePingPath(req.getUrl());
  if (typeof path === 'string') {
    reject(shared, res, isHead, path === 'no route' ? NO_ROUTE : UPPER_CASE);
    return;
  }
  const { contentLength } = head;
  const hasBody = (contentLength !== '' && contentLength !== '0') || head.transferEncoding !== '';
  const maxBytes = Math.max(MAX_BODY_BYTES, shared.bodyLimit ?? 0);
  if (Number(contentLength) > maxBytes) {
    // HAProxy often loses the answer when a connection is closed while the body still comes. Who asks before sending it
    // (Expect) may not send it: what comes next would be taken for it.
    const comes = Number(contentLength) <= MAX_THROWN_AWAY_BYTES && req.getHeader('expect') === '';
    reject(shared, res, isHead, BODY_TOO_LARGE, !comes);
    return;
  }
  const query = parseQuery((req.getQuery() as string | undefined) ?? '');
  const ping = new HttpPing(shared, res, path, method, query.rid, query.create);
  const peer = shared.peers.only ?? shared.peers.of(res.getRemoteAddress());
  ping.ua = storable(head.userAgent, 200);
  if (peer.trusted) {
    ping.remoteAddr = clientBehind(peer, head);
    ping.scheme = schemeBehind(head);
  } else {
    ping.remoteAddr = peer.address;
  }
  res.onAborted(() => ping.abort());
  if (hasBody) res.onData((chunk, isLast) => ping.receive(chunk, isLast, maxBytes));
  else ping.submit();
}

function reject(shared: Shared, res: HttpResponse, isHead: boolean, answer: Answer, close = false): void {
  shared.onRejected(Number(answer.status.slice(0, 3)));
  send(res, answer, isHead, close || shared.draining);
}

/** What {@link sendCorked} sends. A cork calls back at once; a function for each answer would cost more than a header. */
const corked = { res: null as unknown as HttpResponse, answer: NO_ROUTE, isHead: false, close: false };

function sendCorked(): void {
  send(corked.res, corked.answer, corked.isHead, corked.close);
}

function send(res: HttpResponse, answer: Answer, isHead: boolean, close: boolean): void {
  if (answer.status !== '') res.writeStatus(answer.status);
  res.writeHeader('Content-Type', answer.contentType);
  if (!isHead) {
    res.end(answer.body, close);
    return;
  }
  // With a length as its argument endWithoutBody leaves the response open: the connection's next request would end it,
  // and without an abort handler uWebSockets.js ends the whole process.
  res.writeHeader('Content-Length', String(Buffer.byteLength(answer.body)));
  if (close) res.writeHeader('Connection', 'close');
  res.endWithoutBody();
}

/**
 * Whether somebody between the client and us may see another end of the body than we do (request smuggling): two
 * lengths, or an encoding that uWebSockets.js takes for chunked. (Both a length and an encoding it refuses itself.)
 */
function isAmbiguous({ lengths, transferEncoding }: Head): boolean {
  return lengths > 1 || (transferEncoding !== '' && transferEncoding.toLowerCase() !== 'chunked');
}

const NOT_ASCII = /[\x80-\xff]/;

/** A header's text as the log keeps it; uWebSockets.js hands out bytes as Latin-1, also where they are UTF-8. */
function storable(text: string, length: number): string {
  let read = text;
  if (NOT_ASCII.test(text)) {
    const decoded = Buffer.from(text, 'latin1').toString('utf8');
    if (!decoded.includes('\ufffd')) read = decoded;
  }
  // By way of bytes: half a character at the end does not go into a database.
  if (read.length > length) read = Buffer.from(read.slice(0, length)).toString();
  return read.includes('\0') ? read.replaceAll('\0', '') : read;
}

/** One request, from its headers to its answer. */
class HttpPing implements IncomingPing {
  readonly address: PingAddress;
  readonly action: PingAction;
  readonly exitStatus: number | null;
  readonly create: boolean;
  readonly method: string;
  rid: string | null;
  ua = '';
  scheme = 'http';
  remoteAddr: string | null = null;
  body: Buffer | null = null;

  readonly #shared: Shared;
  readonly #res: HttpResponse;
  readonly #wireMethod: string;
  #aborted = false;
  #answered = false;
  /** Pieces of the body, as far as it is kept. */
  #pieces: Buffer[] = [];
  #kept = 0;
  #received = 0;
  /** When its first piece came and when its connection was last given more time, on the monotonic clock. */
  #began: Milliseconds | null = null;
  #renewed: Milliseconds = 0;

  constructor(shared: Shared, res: HttpResponse, path: PingPath, method: string, rid: string | null, create: boolean) {
    this.#shared = shared;
    this.#res = res;
    this.address = path.address;
    this.action = path.action;
    this.exitStatus = path.exitStatus;
    this.#wireMethod = method;
    this.method = method.length > 10 ? method.slice(0, 10) : method;
    this.rid = rid;
    this.create = create;
  }

  classify(rules: CheckRules): PingKind {
    return classifyHttp(rules, this.action, this.#wireMethod, this.body);
  }

  abort(): void {
    this.#aborted = true;
    if (this.#received > 0) this.#release();
  }

  receive(chunk: ArrayBuffer, isLast: boolean, maxBytes: number): void {
    if (this.#answered) return;
    const shared = this.#shared;
    this.#received += chunk.byteLength;
    if (this.#received > maxBytes) {
      this.#release();
      if (isLast || this.#received > MAX_THROWN_AWAY_BYTES) this.#refuse(BODY_TOO_LARGE, !isLast);
      return;
    }
    const room = (shared.bodyLimit ?? maxBytes) - this.#kept;
    if (room > 0 && chunk.byteLength > 0) {
      // The chunk is gone when this returns.
      const piece = Buffer.from(new Uint8Array(chunk, 0, Math.min(room, chunk.byteLength)));
      this.#kept += piece.length;
      shared.incomingBytes += piece.length;
      this.#pieces.push(piece);
      if (shared.incomingBytes > shared.maxIncomingBytes) {
        shared.onRefused();
        this.#refuse(UNAVAILABLE, true);
        return;
      }
    }
    if (!isLast) {
      this.#wait();
      return;
    }
    if (this.#kept > 0) this.body = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    this.#release();
    this.submit();
  }

  /** More of the body is to come. */
  #wait(): void {
    const now = this.#shared.clock.monotonic();
    this.#began ??= now;
    if (now - this.#renewed < RENEW_MS || now - this.#began > MAX_BODY_MS) return;
    this.#renewed = now;
    // What resume() does besides: it begins the ten seconds anew.
    this.#res.pause();
    this.#res.resume();
  }

  #refuse(answer: Answer, close: boolean): void {
    this.#release();
    this.#shared.onRejected(Number(answer.status.slice(0, 3)));
    this.#answer(answer, close);
  }

  #release(): void {
    this.#shared.incomingBytes -= this.#kept;
    this.#kept = 0;
    this.#pieces = [];
  }

  get invalid(): boolean {
    return this.exitStatus === EXIT_STATUS_TOO_HIGH || this.rid === 'invalid';
  }

  submit(): void {
    this.#shared.intake.submit(this);
  }

  settle(outcome: IntakeOutcome): void {
    const { answers, onRejected, onRefused } = this.#shared;
    let answer: Answer;
    if (outcome !== 'invalid') answer = answers.of(outcome, 'slug' in this.address);
    else answer = this.exitStatus === EXIT_STATUS_TOO_HIGH ? answers.badUrl : answers.badRid;
    if (outcome !== 'recorded' && outcome !== 'created') onRejected(Number(answer.status.slice(0, 3)));
    if (outcome === 'refused') onRefused();
    this.#answer(answer, false);
  }

  #answer(answer: Answer, close: boolean): void {
    if (this.#aborted || this.#answered) return;
    this.#answered = true;
    corked.res = this.#res;
    corked.answer = answer;
    corked.isHead = this.#wireMethod === 'HEAD';
    corked.close = close || this.#shared.draining;
    corked.res.cork(sendCorked);
  }
}
