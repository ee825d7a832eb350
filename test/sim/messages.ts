/** As much of PostgreSQL's wire protocol as it takes to tell where a statement ends and where its answer does. */

const SYNC = 0x53;
const FLUSH = 0x48;
const QUERY = 0x51;
const PARSE = 0x50;
const BIND = 0x42;
const EXECUTE = 0x45;
const TERMINATE = 0x58;
const READY = 0x5a;
const KEY_DATA = 0x4b;
const NOTIFICATION = 0x41;
const NOTICE = 0x4e;
const ERROR = 0x45;
const ROW_DESCRIPTION = 0x54;
const NO_DATA = 0x6e;
const COMPLETE = 0x43;

/** What a client sends until it waits for an answer: up to a Sync, a Flush or a simple query. */
export interface Unit {
  readonly bytes: Buffer;
  /** It only asks what a statement takes and gives (ends in a Flush): its answer ends with that. */
  readonly describes: boolean;
  /** How many statements it runs before that: those that a transaction begins with have no Sync of their own. */
  readonly executes: number;
  /** The statement's beginning, or what else it is; for people and for aiming faults. */
  readonly label: string;
}

/** Cuts a client's stream into units. */
export class UnitReader {
  #rest: Buffer = Buffer.alloc(0);
  #started = false;
  #label = '';
  #executes = 0;
  #from = 0;
  readonly #prepared = new Map<string, string>();

  /** @returns the units that are complete now; the last may be `terminate` */
  push(bytes: Buffer): Unit[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const units: Unit[] = [];
    let at = this.#from;
    for (;;) {
      const header = this.#started ? 1 : 0;
      if (this.#rest.length < at + header + 4) break;
      const end = at + header + this.#rest.readUInt32BE(at + header);
      if (this.#rest.length < end) break;
      const type = this.#started ? this.#rest[at]! : 0;
      if (!this.#started) this.#label = 'connect';
      this.#note(type, this.#rest.subarray(at + header + 4, end));
      at = end;
      if (!this.#started || type === SYNC || type === FLUSH || type === QUERY || type === TERMINATE) {
        const describes = type === FLUSH;
        const label = `${this.#label}${describes ? ' …?' : ''}`;
        units.push({ bytes: this.#rest.subarray(0, end), label, describes, executes: this.#executes });
        this.#executes = 0;
        this.#rest = this.#rest.subarray(end);
        if (!describes) this.#label = '';
        this.#started = true;
        at = 0;
      }
    }
    this.#from = at;
    return units;
  }

  #note(type: number, body: Buffer): void {
    if (type === QUERY) this.#label = shorten(text(body, 0));
    else if (type === PARSE) {
      const name = text(body, 0);
      const sql = shorten(text(body, name.length + 1));
      this.#prepared.set(name, sql);
      this.#label = sql;
    } else if (type === BIND) {
      const portal = text(body, 0);
      this.#label = this.#prepared.get(text(body, portal.length + 1)) ?? '?';
    } else if (type === EXECUTE) this.#executes++;
    else if (type === TERMINATE) this.#label = 'terminate';
  }
}

/** Follows the server's stream: where answers end, and what state the session is in. */
export class AnswerReader {
  #rest: Buffer = Buffer.alloc(0);
  pid = 0;
  /** I: idle, T: in a transaction, E: in a failed one. */
  status = 'I';
  /** The next answer is to a unit that {@link Unit.describes}. */
  describing = false;
  /** So many statements of that unit are run before. */
  executing = 0;
  /** So many messages to come belong to what was sent before the unit; they are left out of its answer. */
  leaveOut = 0;
  #answer: Buffer[] = [];

  /**
   * @returns whole answers, each up to and with its ReadyForQuery (or description). Notifications are left out: they are hints, and the
   *   product must do without.
   */
  push(bytes: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const answers: Buffer[] = [];
    while (this.#rest.length >= 5) {
      const end = 1 + this.#rest.readUInt32BE(1);
      if (this.#rest.length < end) break;
      const message = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      if (message[0] === NOTIFICATION) continue;
      if (this.leaveOut > 0 && message[0] !== NOTICE && message[0] !== ERROR) {
        this.leaveOut--;
        continue;
      }
      this.#answer.push(message);
      if (message[0] === KEY_DATA) this.pid = message.readUInt32BE(5);
      const type = message[0];
      if (type === READY) this.status = String.fromCharCode(message[5]!);
      if (type === COMPLETE && this.executing > 0) this.executing--;
      const description = this.executing === 0 && (type === ROW_DESCRIPTION || type === NO_DATA);
      const described = this.describing && (description || type === ERROR);
      if (type === READY || described) {
        if (described) this.describing = false;
        answers.push(Buffer.concat(this.#answer));
        this.#answer = [];
      }
    }
    return answers;
  }

  /** What came without a ReadyForQuery after it: a last error before the server closed. */
  get unfinished(): Buffer {
    return Buffer.concat(this.#answer);
  }
}

export const SYNC_MESSAGE: Buffer = Buffer.from([SYNC, 0, 0, 0, 4]);

/** A simple query as a client sends it. */
export function simpleQuery(sql: string): Buffer {
  return message(QUERY, Buffer.from(`${sql}\0`));
}

/** Parses a statement under a name, its parameters' types left to the server. */
export function parse(name: string, sql: string): Buffer {
  return message(PARSE, Buffer.from(`${name}\0${sql}\0\0\0`));
}

/** Runs a parsed statement that takes one text. */
export function bindAndExecute(name: string, value: string): Buffer {
  const before = Buffer.from(`\0${name}\0\0\0\0\x01\0\0\0\0`);
  before.writeUInt32BE(Buffer.byteLength(value), before.length - 4);
  const bind = message(BIND, Buffer.concat([before, Buffer.from(value), Buffer.from('\0\0')]));
  return Buffer.concat([bind, message(EXECUTE, Buffer.from('\0\0\0\0\0'))]);
}

/** Of a unit that describes: its first message, in which the statement is given its name. */
export function parseOf(unit: Buffer): Buffer {
  return unit.subarray(0, 1 + unit.readUInt32BE(1));
}

/** Of a unit that describes: the statement and the types it is given, whatever its name; null: it has another form. */
export function statementOf(unit: Buffer): string | null {
  if (unit[0] !== PARSE) return null;
  const parsed = parseOf(unit);
  return parsed.toString('latin1', parsed.indexOf(0, 5));
}

export function isError(answer: Buffer): boolean {
  for (let at = 0; at < answer.length; at += 1 + answer.readUInt32BE(at + 1)) if (answer[at] === ERROR) return true;
  return false;
}

function message(type: number, body: Buffer): Buffer {
  const bytes = Buffer.alloc(5 + body.length);
  bytes[0] = type;
  bytes.writeUInt32BE(4 + body.length, 1);
  body.copy(bytes, 5);
  return bytes;
}

function text(body: Buffer, from: number): string {
  return body.toString('utf8', from, body.indexOf(0, from));
}

function shorten(sql: string): string {
  return sql.replace(/\s+/g, ' ').trim().slice(0, 60);
}
