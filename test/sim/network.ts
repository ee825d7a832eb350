import { EventEmitter } from 'node:events';
import { clearTimeout as clearRealTimeout, setTimeout as realTimeout } from 'node:timers';
import type { Instant, VirtualClock } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { type Unit, UnitReader } from './messages.ts';
import type { SimProcess } from './process.ts';
import type { Random } from './random.ts';
import type { Session, Sessions } from './sessions.ts';

/*
 * The network between the simulated processes and the real PostgreSQL. The product's driver talks to a socket of ours;
 * what it sends is cut into units (a statement and its Sync), and one unit at a time goes to the server:
 *
 *   driver ──write──> requests ──forward, one at a time, the seed says whose──> PostgreSQL
 *   driver <──data─── answers  <────────────────────────────────────────────────┘
 *
 * So every place where the product awaits the database is a place where the seed decides who goes next, and where a
 * fault can strike: the request is lost, the answer is lost (the statement has run: a COMMIT, say), either is late, or
 * the process dies before or after. A unit that waits for another's lock stays out until that one ends.
 *
 * Each unit is preceded by a `set sim.now`, which is what now() means in the simulation's database (see database.ts).
 */

export type WireFaultKind =
  | 'lose request'
  | 'lose answer'
  | 'delay request'
  | 'delay answer'
  | 'crash before'
  | 'crash after';

/** Strikes the `nth` unit (from 1) that the process `who` sends, or the nth whose text matches `on`. */
export interface WireFault {
  readonly who: string;
  readonly on: 'any' | 'commit';
  readonly nth: number;
  readonly what: WireFaultKind;
  /** Milliseconds of a delay. */
  readonly ms: number;
}

/** What a step was: nothing can happen; something did, and the product may have heard of it, or has not yet. */
export type Step = 'nothing' | 'heard' | 'unheard';

export type Outage = 'refuses' | 'silent' | null;

export interface NetworkOptions {
  readonly sessions: Sessions;
  readonly clock: VirtualClock;
  readonly random: Random;
  /** A connection past this network, to see who waits for whom. */
  readonly admin: Sql;
  readonly faults: readonly WireFault[];
  readonly trace: (who: string, what: string) => void;
}

interface Request {
  readonly unit: Unit;
  readonly notBefore: Instant;
  readonly fault: WireFault | undefined;
}

export class Network {
  readonly #options: NetworkOptions;
  readonly #links = new Set<Link>();
  /** How many connections each process has opened. */
  readonly #opened = new Map<string, number>();
  readonly #counts = new Map<string, { any: number; commit: number }>();
  /** Grows with every byte that a driver sends, and whatever ends: whoever waits for stillness looks at it. */
  activity = 0;
  /** What must be over before time goes on; see {@link whileStill}. */
  #pending = 0;
  units = 0;
  /** Faults that have struck. */
  struck = 0;
  #outage: Outage = null;
  #spared = false;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Something takes real time, and no virtual one. */
  get unsettled(): boolean {
    return this.#pending > 0;
  }

  /** Time does not go on while `what` runs, whoever called it: how fast the machine is must not change the run. */
  async whileStill(what: () => Promise<void>): Promise<void> {
    this.#pending++;
    try {
      await what();
    } finally {
      this.#pending--;
    }
  }

  /** A socket for the driver of `process`. */
  socket(process: SimProcess): SimSocket {
    const nth = (this.#opened.get(process.name) ?? 0) + 1;
    this.#opened.set(process.name, nth);
    const link = new Link(this, process, nth);
    this.#links.add(link);
    return link.socket;
  }

  /** Does one thing that can happen now, chosen by the seed. */
  async step(): Promise<Step> {
    const { clock, random } = this.#options;
    // Who waited for a lock may have got it by what happened since: then the answer is on its way.
    for (const link of [...this.#links]) if (link.busy !== null) await this.#unlessBlocked(link, 1);
    const now = clock.now();
    const possible: { link: Link; act: 'forward' | 'deliver' }[] = [];
    for (const link of this.#links) {
      const { answers, requests } = link;
      if (answers[0] && answers[0].notBefore <= now && !link.process.frozen) possible.push({ link, act: 'deliver' });
      if (requests[0] && !link.busy && requests[0].notBefore <= now && this.#outage === null) {
        possible.push({ link, act: 'forward' });
      }
    }
    if (possible.length === 0) return 'nothing';
    // Two processes may have opened theirs in either order: their disks are real.
    const { link, act } = possible.length === 1 ? possible[0]! : random.pick(possible.sort(byName));
    const { activity } = this;
    if (act === 'deliver') link.deliver();
    else await this.#forward(link);
    return act === 'deliver' || this.activity !== activity ? 'heard' : 'unheard';
  }

  /** The next instant at which something that is held back may move; undefined: nothing is. */
  nextRelease(): Instant | undefined {
    let next: Instant | undefined;
    const consider = (at: Instant) => {
      if (next === undefined || at < next) next = at;
    };
    for (const { requests, answers, busy, process } of this.#links) {
      if (answers[0]) consider(Math.max(answers[0].notBefore, process.frozenUntil));
      if (requests[0] && busy === null && this.#outage === null) consider(requests[0].notBefore);
    }
    return next;
  }

  /** The database goes away: connections break and are refused, or nothing is answered any more. */
  async away(how: 'refuses' | 'silent'): Promise<void> {
    this.#outage = how;
    if (how === 'refuses') for (const link of [...this.#links]) await this.cut(link, 'reset');
  }

  back(): void {
    this.#outage = null;
  }

  /** No fault strikes any more. */
  spare(): void {
    this.#spared = true;
  }

  /** Nothing of what a dead process had open reaches anybody any more. */
  async crashed(process: SimProcess): Promise<void> {
    for (const link of [...this.#links]) if (link.process === process) await this.cut(link, 'quietly');
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links].map((link) => this.cut(link, 'quietly')));
  }

  /** Ends a link; `reset`: the driver hears of it. Resolves when the server has forgotten it. */
  async cut(link: Link, how: 'reset' | 'quietly'): Promise<void> {
    if (!this.#links.delete(link)) return;
    this.activity++;
    link.requests.length = 0;
    link.answers.length = 0;
    if (link.session) await this.#options.sessions.leave(link.session);
    if (how === 'reset') link.socket.fail('ECONNRESET', 'The simulation cut the connection');
  }

  /** Called by a link when its driver sent something. */
  enqueue(link: Link, unit: Unit): void {
    this.activity++;
    const { process } = link;
    if (!this.#links.has(link)) return;
    const now = this.#options.clock.now();
    const count = this.#counts.get(process.name) ?? { any: 0, commit: 0 };
    this.#counts.set(process.name, count);
    const isCommit = /^commit/i.test(unit.label);
    count.any++;
    if (isCommit) count.commit++;
    const fault = this.#spared
      ? undefined
      : this.#options.faults.find(
          (f) => f.who === process.name && (f.on === 'any' ? f.nth === count.any : isCommit && f.nth === count.commit),
        );
    const notBefore = fault?.what === 'delay request' ? now + fault.ms : now;
    if (fault?.what === 'delay request') this.#strike(fault, unit);
    link.requests.push({ unit, notBefore, fault });
  }

  /** Called by a link when its driver closed it: what is still on its way may arrive all the same. */
  driverClosed(link: Link): void {
    this.activity++;
    link.orphan = true;
    link.answers.length = 0;
    if (link.requests.length === 0 && !link.busy) void this.#closing(link);
  }

  /** Links that their driver has closed are given up one by one, when nothing of them is on its way. */
  readonly #ending: Link[] = [];

  async #closing(link: Link): Promise<void> {
    this.#ending.push(link);
  }

  /** Ends sessions that nobody needs; part of becoming still. */
  async tidy(): Promise<void> {
    for (let link = this.#ending.shift(); link; link = this.#ending.shift()) await this.cut(link, 'quietly');
  }

  #strike(fault: WireFault, unit: Unit): void {
    this.struck++;
    const ms = fault.what.startsWith('delay') ? ` ${fault.ms} ms` : '';
    this.#options.trace(fault.who, `${fault.what}${ms}: ${unit.label}`);
  }

  async #forward(link: Link): Promise<void> {
    const { unit, fault } = link.requests.shift()!;
    const { process } = link;
    this.units++;
    if (fault?.what === 'crash before') {
      this.#strike(fault, unit);
      await process.crash();
      return;
    }
    if (fault?.what === 'lose request') {
      this.#strike(fault, unit);
      await this.cut(link, 'reset');
      return;
    }
    this.#options.trace(process.name, `  ${unit.label}`);
    const done = (answer: Buffer | null) => this.#answered(link, unit, fault, answer);
    const answered = link.send(unit, this.#options.sessions, this.#options.clock.now());
    // Busy also while its answer brings something down: time must not go on meanwhile.
    link.busy = answered.then(done).finally(() => {
      link.busy = null;
    });
    await this.#unlessBlocked(link, 5);
  }

  async #answered(link: Link, unit: Unit, fault: WireFault | undefined, answer: Buffer | null): Promise<void> {
    if (!this.#links.has(link)) return;
    if (answer === null) {
      const last = link.session?.reader.unfinished;
      if (last && last.length > 0) link.socket.receive(last);
      await this.cut(link, 'reset');
      return;
    }
    if (fault?.what === 'crash after') {
      this.#strike(fault, unit);
      await link.process.crash();
      return;
    }
    if (fault?.what === 'lose answer') {
      this.#strike(fault, unit);
      await this.cut(link, 'reset');
      return;
    }
    const now = this.#options.clock.now();
    let notBefore = now;
    if (fault?.what === 'delay answer') {
      this.#strike(fault, unit);
      notBefore += fault.ms;
    }
    if (!link.orphan) link.answers.push({ bytes: answer, notBefore });
    else if (link.requests.length === 0) void this.#closing(link);
  }

  /** Resolves when the server has answered, or waits for a lock that somebody holds. @param first real ms of patience */
  async #unlessBlocked(link: Link, first: number): Promise<void> {
    for (let wait = first; link.busy; wait = 1) {
      const { busy } = link;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = realTimeout(() => resolve('late'), wait);
      });
      const came = await Promise.race([busy, late]);
      clearRealTimeout(timer);
      if (came !== 'late') return;
      const pid = link.session?.reader.pid ?? 0;
      if (pid === 0) continue;
      const [row] = await this.#options.admin<{ blocked: boolean }[]>`
        select cardinality(pg_blocking_pids(${pid})) > 0 as blocked`;
      if (row?.blocked && link.busy !== null) return;
    }
  }

  /** What happens when the database does not take the connection. */
  get outage(): Outage {
    return this.#outage;
  }
}

function byName({ link: a }: { link: Link }, { link: b }: { link: Link }): number {
  if (a.process.name === b.process.name) return a.nth - b.nth;
  return a.process.name < b.process.name ? -1 : 1;
}

/** One connection: the driver's socket here, the server's there. */
class Link {
  readonly socket: SimSocket;
  readonly requests: Request[] = [];
  readonly answers: { readonly bytes: Buffer; readonly notBefore: Instant }[] = [];
  readonly process: SimProcess;
  /** Which of its process's connections it is. */
  readonly nth: number;
  busy: Promise<void> | null = null;
  /** The driver has closed it, and something is still on its way to the server. */
  orphan = false;
  session: Session | undefined;

  constructor(network: Network, process: SimProcess, nth: number) {
    this.process = process;
    this.nth = nth;
    const units = new UnitReader();
    this.socket = new SimSocket(
      (bytes) => {
        if (!process.alive) return;
        network.activity++;
        if (network.outage === 'refuses') {
          setImmediate(() => void network.cut(this, 'reset'));
          return;
        }
        for (const unit of units.push(bytes)) if (unit.label !== 'terminate') network.enqueue(this, unit);
      },
      () => network.driverClosed(this),
    );
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
