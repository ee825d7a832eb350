import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Instant } from '@overdue/clock';
import type { DatabaseTarget, Sql } from '@overdue/database';
import {
  AnswerReader,
  bindAndExecute,
  isError,
  parse,
  parseOf,
  SYNC_MESSAGE,
  simpleQuery,
  statementOf,
  type Unit,
} from './messages.ts';

/*
 * A new session costs the server a process and cold caches, several times what a run asks of it. So sessions outlive
 * whoever used them, run after run: reset by DISCARD ALL, greeted with the words of their first greeting.
 */

/** The driver's question for the types that the server knows, and the answer, which is always the same. */
const ASKS_FOR_TYPES = /^select b\.oid, b\.typarray from pg_catalog/;
let types: Buffer | null = null;

/** What a session's clock is set with: a statement of our own, so that it costs no round trip and no parsing. */
const SET_NOW = 'sim_now';
const PREPARE_SET_NOW = parse(SET_NOW, `select set_config('sim.now', $1, false)`);
/** What the server says to its parsing, and to its running: that it is bound, a row, that it is done. */
const PARSED = 1;
const EXECUTED = 3;

/** What statements take and give, as the server said it: it says the same to everybody. */
type Descriptions = Map<string, Buffer>;

/** One session of the server, used by one connection of the simulated network at a time. */
export class Session {
  readonly reader = new AnswerReader();
  /** What its first client said to begin it: whoever says the same may have it. */
  readonly startup: Buffer;
  readonly #socket: Socket;
  /** What the session holds now() to be; undefined: not known. */
  #now: Instant | undefined;
  #swallow = 0;
  #canSetNow = false;
  readonly #descriptions: Descriptions;
  /** The unit before only described: nothing may come between it and the next. */
  #described = false;
  /** A statement whose description was known: the server is told of it together with what comes next. */
  #unparsed: Buffer | null = null;
  #waiting: ((answer: Buffer | null) => void) | undefined;
  closed = false;

  constructor(address: NetConnectOpts, startup: Buffer, descriptions: Descriptions) {
    this.startup = startup;
    this.#descriptions = descriptions;
    this.#socket = connect(address);
    this.#socket.on('data', (bytes) => this.#receive(bytes));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.closed = true;
      this.#settle(null);
    });
  }

  /** The server works on something, or waits for a lock. */
  get busy(): boolean {
    return this.#waiting !== undefined;
  }

  /** Begins the session. Resolves with the server's greeting; null: it closed the connection. */
  begin(): Promise<Buffer | null> {
    return this.#write(this.startup);
  }

  /** Resolves with the answer; null: the server closed the connection. */
  async send(unit: Unit, now: Instant): Promise<Buffer | null> {
    if (!ASKS_FOR_TYPES.test(unit.label)) return await this.#ask(unit, now);
    // Each connection of the driver begins with it, and it costs more than most of what the product asks.
    types ??= await this.#ask(unit, now);
    return types;
  }

  async #ask(unit: Unit, now: Instant): Promise<Buffer | null> {
    const alone = unit.describes && unit.executes === 0 && this.reader.status !== 'E';
    const statement = alone ? statementOf(unit.bytes) : null;
    const known = statement === null ? undefined : this.#descriptions.get(statement);
    if (known && this.#unparsed === null) {
      this.#unparsed = parseOf(unit.bytes);
      return known;
    }
    const messages = this.#before(now);
    this.#described = unit.describes;
    this.reader.describing = unit.describes;
    this.reader.executing = unit.describes ? unit.executes : 0;
    const answer = await this.#write(Buffer.concat([...messages, unit.bytes]));
    if (statement !== null && answer !== null && !isError(answer)) this.#descriptions.set(statement, answer);
    return answer;
  }

  /** What the server has to hear before the next unit; what it says to that is left out. */
  #before(now: Instant): Buffer[] {
    const messages: Buffer[] = [];
    if (this.#now !== now && this.reader.status !== 'E' && !this.#described) {
      if (!this.#canSetNow) {
        messages.push(PREPARE_SET_NOW);
        this.reader.leaveOut += PARSED;
      }
      messages.push(bindAndExecute(SET_NOW, String(now)));
      this.reader.leaveOut += EXECUTED;
      this.#canSetNow = true;
      this.#now = now;
    }
    if (this.#unparsed !== null) {
      messages.push(this.#unparsed);
      this.reader.leaveOut += PARSED;
      this.#unparsed = null;
    }
    return messages;
  }

  /** Makes it as good as new. False: it cannot be. */
  async reset(): Promise<boolean> {
    const rollback = this.reader.status === 'I' ? [] : [simpleQuery('rollback')];
    // A description leaves the session in the middle of what a Sync ends.
    const messages = [SYNC_MESSAGE, ...rollback, simpleQuery('discard all')];
    this.reader.describing = false;
    this.reader.executing = 0;
    this.#described = false;
    this.#unparsed = null;
    this.#swallow += messages.length - 1;
    const answer = await this.#write(Buffer.concat(messages));
    this.#now = undefined;
    this.#canSetNow = false;
    return answer !== null && this.reader.status === 'I';
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #write(bytes: Buffer): Promise<Buffer | null> {
    if (this.closed) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#socket.write(bytes);
    });
  }

  #receive(bytes: Buffer): void {
    const before = this.reader.status;
    for (const answer of this.reader.push(bytes)) {
      // What fails takes the time back that was set with it.
      if (isError(answer)) this.#now = undefined;
      if (this.#swallow > 0) this.#swallow--;
      else this.#settle(answer);
    }
    // And so does a rollback.
    if (before !== 'I' && this.reader.status === 'I') this.#now = undefined;
  }

  #settle(answer: Buffer | null): void {
    const resolve = this.#waiting;
    this.#waiting = undefined;
    resolve?.(answer);
  }
}

/** All sessions of the server that the simulation has, run after run. */
export class Sessions {
  readonly #address: NetConnectOpts;
  readonly #admin: Sql;
  readonly #spare = new Map<string, { session: Session; greeting: Buffer }[]>();
  readonly #greetings = new Map<Session, Buffer>();
  readonly #descriptions: Descriptions = new Map();

  private constructor(address: NetConnectOpts, admin: Sql) {
    this.#address = address;
    this.#admin = admin;
  }

  /** @param admin a pool past the simulated network */
  static async of({ hosts }: DatabaseTarget, admin: Sql): Promise<Sessions> {
    const { host, port } = hosts[0]!;
    const [row] = await admin<{ directory: string }[]>`select current_setting('unix_socket_directories') as directory`;
    const path = join(row!.directory.split(',')[0]!.trim(), `.s.PGSQL.${port}`);
    return new Sessions(row!.directory === '' ? { host, port, noDelay: true } : { path }, admin);
  }

  /** A session begun with `startup`, and the server's greeting to it; null: it did not take it. */
  async open(startup: Buffer): Promise<{ session: Session; greeting: Buffer } | null> {
    const spare = this.#spare.get(startup.toString('latin1'))?.pop();
    if (spare) return spare;
    const session = new Session(this.#address, Buffer.from(startup), this.#descriptions);
    const greeting = await session.begin();
    if (greeting === null) return null;
    this.#greetings.set(session, greeting);
    return { session, greeting };
  }

  /** Nobody uses it any more. Resolves when nothing of what it did is under way. */
  async leave(session: Session): Promise<void> {
    if (!session.busy && !session.closed && (await session.reset())) {
      const key = session.startup.toString('latin1');
      const spares = this.#spare.get(key) ?? [];
      this.#spare.set(key, spares);
      spares.push({ session, greeting: this.#greetings.get(session)! });
      return;
    }
    this.#greetings.delete(session);
    session.destroy();
    const { pid } = session.reader;
    if (pid !== 0) await this.#admin`select pg_terminate_backend(${pid}, 10000)`;
  }

  close(): void {
    for (const spares of this.#spare.values()) for (const { session } of spares) session.destroy();
    this.#spare.clear();
  }
}
