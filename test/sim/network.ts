import { clearTimeout as clearRealTimeout, setTimeout as realTimeout } from 'node:timers';
import type { Instant, VirtualClock } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { type Client, Link } from './link.ts';
import type { Unit } from './messages.ts';
import type { Random } from './random.ts';
import type { Sessions } from './sessions.ts';
import type { SimSocket } from './socket.ts';
import type { WireFault } from './wire-fault.ts';

/*
 * The network between the simulated processes and the real PostgreSQL. The product's driver talks to a socket of ours;
 * what it sends is cut into units (statements and their Sync), and one unit at a time goes to the server:
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

/** What a step was: nothing can happen; something did, and the product may have heard of it, or has not yet. */
export type Step = 'nothing' | 'heard' | 'unheard';

type Outage = 'refuses' | 'silent' | null;

export interface NetworkOptions {
  readonly sessions: Sessions;
  readonly clock: VirtualClock;
  readonly random: Random;
  /** A connection past this network, to see who waits for whom. */
  readonly admin: Sql;
  readonly faults: readonly WireFault[];
  readonly trace: (who: string, what: string) => void;
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
  /** What happens when the database does not take the connection. */
  #outage: Outage = null;
  /** Links that their driver has closed are given up one by one, when nothing of them is on its way. */
  readonly #ending: Link[] = [];
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

  /** A socket for the driver of `client`. */
  socket(client: Client): SimSocket {
    const nth = (this.#opened.get(client.name) ?? 0) + 1;
    this.#opened.set(client.name, nth);
    const link = new Link(client, nth, {
      sent: (link, bytes) => this.#sent(link, bytes),
      closed: (link) => this.#driverClosed(link),
    });
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
      if (answers[0] && answers[0].notBefore <= now && !link.client.frozen) possible.push({ link, act: 'deliver' });
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
    for (const { requests, answers, busy, client } of this.#links) {
      if (answers[0]) consider(Math.max(answers[0].notBefore, client.frozenUntil));
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
  async crashed(client: Client): Promise<void> {
    for (const link of [...this.#links]) if (link.client === client) await this.cut(link, 'quietly');
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

  #sent(link: Link, bytes: Buffer): void {
    if (!link.client.alive) return;
    this.activity++;
    if (this.#outage === 'refuses') {
      setImmediate(() => void this.cut(link, 'reset'));
      return;
    }
    for (const unit of link.read(bytes)) if (unit.label !== 'terminate') this.#enqueue(link, unit);
  }

  #enqueue(link: Link, unit: Unit): void {
    this.activity++;
    const { client } = link;
    if (!this.#links.has(link)) return;
    const now = this.#options.clock.now();
    const count = this.#counts.get(client.name) ?? { any: 0, commit: 0 };
    this.#counts.set(client.name, count);
    const isCommit = /^commit/i.test(unit.label);
    count.any++;
    if (isCommit) count.commit++;
    const fault = this.#spared
      ? undefined
      : this.#options.faults.find(
          (f) => f.who === client.name && (f.on === 'any' ? f.nth === count.any : isCommit && f.nth === count.commit),
        );
    const notBefore = fault?.what === 'delay request' ? now + fault.ms : now;
    if (fault?.what === 'delay request') this.#strike(fault, unit);
    link.requests.push({ unit, notBefore, fault });
  }

  /** What is still on its way may arrive all the same. */
  #driverClosed(link: Link): void {
    this.activity++;
    link.orphan = true;
    link.answers.length = 0;
    if (link.requests.length === 0 && !link.busy) this.#ending.push(link);
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
    const { client } = link;
    this.units++;
    if (fault?.what === 'crash before') {
      this.#strike(fault, unit);
      await client.crash();
      return;
    }
    if (fault?.what === 'lose request') {
      this.#strike(fault, unit);
      await this.cut(link, 'reset');
      return;
    }
    this.#options.trace(client.name, `  ${unit.label}`);
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
      await link.client.crash();
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
    else if (link.requests.length === 0) this.#ending.push(link);
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
}

function byName({ link: a }: { link: Link }, { link: b }: { link: Link }): number {
  if (a.client.name === b.client.name) return a.nth - b.nth;
  return a.client.name < b.client.name ? -1 : 1;
}
