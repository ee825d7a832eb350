import type { Clock, Milliseconds, Timer } from '@overdue/clock';
import { mayPass } from '@overdue/database';
import { finishOf, type Sending } from './finish.ts';
import { Gate, type GateOptions } from './gate.ts';
import { Leases } from './leases.ts';
import { Outbox, type OutboxOptions } from './outbox.ts';
import { Recorder } from './recorder.ts';
import { isTooOld } from './retry.ts';
import {
  type Claim,
  type DeliveryHandler,
  type Outcome,
  type Prepared,
  type QueueLogger,
  type Route,
  routeOf,
} from './types.ts';
import { within } from './within.ts';

export interface CourierOptions extends OutboxOptions {
  readonly logger: QueueLogger;
  /** Messages under way at once at most. */
  readonly concurrency: number;
  readonly gate?: Omit<GateOptions, 'clock'>;
  /** In [0, 1); default Math.random. */
  readonly random?: () => number;
  /** There is room again, or something became due: worth another look at the outbox. */
  readonly onRoom: () => void;
}

interface Waiting {
  readonly claim: Claim;
  readonly prepared: Prepared;
  readonly done: () => void;
}

/** What becomes of a claim that is ready: dealt with when `done` resolves, or given back for so long. */
type Placed =
  | { readonly kind: 'taken'; readonly done: Promise<void> }
  | { readonly kind: 'back'; readonly delay: Milliseconds };

/** A lease is renewed when this part of it is over, so that a statement or two may fail. */
const RENEWAL = 1 / 5;
/** Renewals under way at once at most, when the database is slow to answer. */
const MOST_RENEWALS = 3;
/** Routes to pass over at most: a bound on the size of a statement. What is not passed over is claimed and given back. */
const MOST_PASSED_OVER = 1000;

/**
 * Sends claims: the part that both drivers share. Respects the {@link Gate}, keeps leases alive, records outcomes and
 * decides about another attempt.
 */
export class Courier {
  readonly outbox: Outbox;
  readonly #options: CourierOptions;
  readonly #clock: Clock;
  readonly #gate: Gate;
  readonly #recorder: Recorder;
  readonly #leases = new Leases();
  readonly #waiting = new Map<string, Waiting[]>();
  /** Routes whose destination has all it can take now, by destination. */
  readonly #full = new Map<string, Set<Route>>();
  readonly #routesTo = new Map<string, Set<Route>>();
  #handler: DeliveryHandler | undefined;
  #active = 0;
  #preparing = 0;
  #stopping = false;
  #abandoned = false;
  #starved = false;
  #heartbeat: Timer | undefined;
  #renewals = 0;
  #givingBack = 0;
  #idle: (() => void)[] = [];
  #roomWanted: (() => void)[] = [];

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.outbox = new Outbox(options);
    this.#gate = new Gate({ ...options.gate, clock: options.clock });
    this.#recorder = new Recorder({ outbox: this.outbox, clock: options.clock, logger: options.logger });
  }

  start(handler: DeliveryHandler): void {
    this.#handler = handler;
    this.#heartbeat = this.#clock.every(Math.max(1, this.#options.lease * RENEWAL), () => void this.#renew());
  }

  /** How many more claims it takes now. */
  room(): number {
    if (this.#stopping) return 0;
    return Math.max(0, this.#options.concurrency - this.#active - this.#preparing);
  }

  /** Says that more is due than there was room for: `onRoom` is called when there is. */
  starved(): void {
    this.#starved = true;
    this.#tellRoom();
  }

  /** Routes to pass over when claiming: their destinations take nothing now. */
  busyRoutes(): Route[] {
    const full = [...this.#full.values()];
    const open = this.#gate.open().map((name) => this.#gate.waiting(name, this.#routesTo.get(name) ?? []));
    return [...new Set([...full, ...open].flatMap((routes) => [...routes]))].slice(0, MOST_PASSED_OVER);
  }

  /** Resolves when there is room for a group of claims, or it is stopping. */
  async untilRoom(): Promise<void> {
    while (!this.#stopping && this.room() < this.#options.concurrency / 4) {
      await new Promise<void>((resolve) => this.#roomWanted.push(resolve));
    }
  }

  /** Takes claims and resolves when each has been dealt with: sent and recorded, or given back. */
  async accept(given: readonly Claim[]): Promise<void> {
    const claims = given.filter((claim) => this.#leases.take(claim));
    if (claims.length === 0) return;
    this.#preparing += claims.length;
    let prepared: ReadonlyMap<number, Prepared>;
    try {
      prepared = await this.#prepare(claims);
    } catch (err) {
      this.#options.logger.error({ err, count: claims.length }, 'What to send could not be read; trying again');
      await this.#giveBack(claims.map((claim) => ({ claim, delay: 1000 })));
      return;
    } finally {
      this.#preparing -= claims.length;
    }
    const back: { claim: Claim; delay: Milliseconds }[] = [];
    const dealt: Promise<void>[] = [];
    for (const claim of claims) {
      const placed = this.#place(claim, prepared.get(claim.id));
      if (placed.kind === 'back') back.push({ claim, delay: placed.delay });
      else dealt.push(placed.done);
    }
    if (back.length > 0) dealt.push(this.#giveBack(back));
    await Promise.all(dealt);
  }

  /**
   * Makes claims ready to be sent. When that fails for what is in them, each is made ready by itself, and the one that
   * cannot be fails by itself: it must not hold up the others of its group, which would be claimed together again.
   * @throws what may pass
   */
  async #prepare(claims: readonly Claim[]): Promise<ReadonlyMap<number, Prepared>> {
    const { silence, onSilence } = this.#options;
    try {
      return await within(this.#clock, silence, this.#handler!.prepare(claims), onSilence);
    } catch (err) {
      if (mayPass(err)) throw err;
      if (claims.length > 1) {
        const each = await Promise.all(claims.map((claim) => this.#prepare([claim])));
        return new Map(each.flatMap((one) => [...one]));
      }
      const [{ id }] = claims as [Claim];
      return new Map([[id, { destination: `notification ${id}`, send: () => Promise.reject(err) }]]);
    }
  }

  /** Sends now, or when there is a place, or not this time. */
  #place(claim: Claim, item: Prepared | undefined): Placed {
    if (!item) {
      const answer = 'The check or channel does not exist any more';
      return { kind: 'taken', done: this.#record(claim, { result: 'dropped', answer }) };
    }
    this.#remember(item.destination, routeOf(claim));
    const entry = this.#gate.enter(item.destination, routeOf(claim));
    if (entry.kind === 'go') return { kind: 'taken', done: this.#send(claim, item) };
    if (entry.kind === 'open') {
      if (!isTooOld(claim, this.#clock.now())) return { kind: 'back', delay: jittered(entry.waitFor, this.#random()) };
      const outcome = { result: 'failed', error: entry.lastError, disable: false } as const;
      return { kind: 'taken', done: this.#record(claim, outcome) };
    }
    const routes = this.#full.get(item.destination) ?? new Set();
    this.#full.set(item.destination, routes.add(routeOf(claim)));
    const queue = this.#waiting.get(item.destination) ?? [];
    if (queue.length >= (this.#options.gate?.perDestination ?? 24)) return { kind: 'back', delay: 0 };
    this.#waiting.set(item.destination, queue);
    const done = new Promise<void>((resolve) => queue.push({ claim, prepared: item, done: resolve }));
    return { kind: 'taken', done };
  }

  /** Sends to a destination that was entered. */
  async #send(claim: Claim, item: Prepared): Promise<void> {
    const began = this.#clock.monotonic();
    if (!this.#leases.lasts(claim, began)) {
      this.#gate.cancel(item.destination);
      this.#leaveToOthers(claim);
      return;
    }
    this.#active++;
    const startedAt = this.#clock.now();
    let outcome: Outcome;
    try {
      outcome = await item.send();
    } catch (err) {
      this.#options.logger.error({ err, notification: claim.code }, 'A delivery failed in an unforeseen way');
      outcome = { result: 'retry', error: err instanceof Error ? err.message : String(err) };
    }
    this.#active--;
    const unreachable = outcome.result === 'retry' && outcome.unreachable ? outcome.error : null;
    const change = this.#gate.leave(item.destination, routeOf(claim), unreachable);
    const recorded = this.#record(claim, outcome, { startedAt, duration: this.#clock.monotonic() - began });
    this.#admit(item.destination);
    if (change) {
      const routes = change.routes === 'all' ? [...(this.#routesTo.get(item.destination) ?? [])] : change.routes;
      if (change.kind === 'recovered') await this.#pullForward(item.destination, routes, recorded);
      else await this.#postpone(item.destination, routes, change.for);
    }
    await recorded;
  }

  /** The lease has ended, in a pause of this process or of the database: who has it by now, sends it. */
  #leaveToOthers(claim: Claim): void {
    this.#options.logger.warn({ notification: claim.code }, 'A claim ended before its turn came; it is left to others');
    this.#leases.letGo(claim);
    this.#tellIdle();
  }

  /** Lets in who waits for a place at `destination`. */
  #admit(destination: string): void {
    const queue = this.#waiting.get(destination);
    const back: { claim: Claim; delay: Milliseconds }[] = [];
    const dones: (() => void)[] = [];
    while (queue && queue.length > 0) {
      const entry = this.#gate.enter(destination, routeOf(queue[0]!.claim));
      if (entry.kind === 'full') break;
      const next = queue.shift()!;
      if (entry.kind === 'go' && !this.#stopping) {
        void this.#send(next.claim, next.prepared).then(next.done, next.done);
      } else {
        if (entry.kind === 'go') this.#gate.cancel(destination);
        back.push({ claim: next.claim, delay: entry.kind === 'open' ? jittered(entry.waitFor, this.#random()) : 0 });
        dones.push(next.done);
      }
    }
    if (back.length > 0)
      void this.#giveBack(back).finally(() => {
        for (const done of dones) done();
      });
    if (!queue || queue.length === 0) {
      this.#waiting.delete(destination);
      if (this.#full.delete(destination)) this.#options.onRoom();
    }
    this.#tellRoom();
  }

  async #record(claim: Claim, outcome: Outcome, sending: Sending | null = null): Promise<void> {
    // What arrived has arrived. Anything else is up to whoever has the row now.
    const mine = outcome.result === 'sent' || (this.#leases.isCurrent(claim) && !this.#abandoned);
    const finish = finishOf(claim, outcome, sending, this.#clock.now(), this.#random());
    const recorded = mine ? await this.#recorder.record(finish) : 'lost';
    this.#leases.letGo(claim);
    if (recorded === 'written') this.#handler?.recorded?.(claim, outcome, finish.state);
    else if (recorded === 'lost' && !this.#abandoned) {
      this.#options.logger.warn({ notification: claim.code }, 'A delivery ended after its lease was lost');
    }
    this.#tellIdle();
  }

  async #giveBack(items: readonly { claim: Claim; delay: Milliseconds }[]): Promise<void> {
    // Before the statement: whoever claims a row after it, this process too, has a claim of its own.
    for (const { claim } of items) this.#leases.letGo(claim);
    this.#givingBack++;
    try {
      await this.outbox.release(items.map(({ claim, delay }) => ({ id: claim.id, delay })));
    } catch (err) {
      this.#options.logger.warn({ err, count: items.length }, 'Claims could not be given back; their leases will end');
    }
    this.#givingBack--;
    this.#tellIdle();
  }

  async #pullForward(destination: string, routes: readonly Route[], recorded: Promise<void>): Promise<void> {
    this.#options.logger.info({ destination }, 'A destination answers again');
    await recorded;
    await this.#attempt(() => this.outbox.pullForward(routes));
    this.#options.onRoom();
  }

  async #postpone(destination: string, routes: readonly Route[], delay: Milliseconds): Promise<void> {
    this.#options.logger.warn(
      { destination, seconds: delay / 1000 },
      'A destination does not answer; leaving it alone',
    );
    await this.#attempt(() => this.outbox.postpone(routes, delay));
  }

  async #attempt(statement: () => Promise<void>): Promise<void> {
    try {
      await statement();
    } catch (err) {
      this.#options.logger.warn({ err }, 'The outbox could not be updated');
    }
  }

  async #renew(): Promise<void> {
    if (this.#renewals >= MOST_RENEWALS) return;
    this.#renewals++;
    await this.#attempt(async () => {
      const asked = this.#leases.asked();
      this.#leases.renewed(asked, await this.outbox.renew(asked.map(({ claim }) => claim.id)));
    });
    this.#renewals--;
  }

  /** Takes nothing new, gives back who waits, and waits up to `drain` for what is being sent. */
  async stop(drain: Milliseconds): Promise<void> {
    this.#stopping = true;
    for (const resolve of this.#roomWanted.splice(0)) resolve();
    const waiting = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#full.clear();
    if (waiting.length > 0) await this.#giveBack(waiting.map(({ claim }) => ({ claim, delay: 0 })));
    for (const { done } of waiting) done();
    if (this.#busy()) {
      await Promise.race([new Promise<void>((resolve) => this.#idle.push(resolve)), this.#clock.sleep(drain)]);
    }
    this.#heartbeat?.cancel();
    // What is still being sent is left to others. It may arrive twice, with the same delivery id.
    this.#abandoned = true;
    if (this.#leases.size > 0) {
      const ids = this.#leases.ids();
      this.#options.logger.warn({ count: ids.length }, 'Stopping in the middle of deliveries');
      await this.#attempt(() => this.outbox.release(ids.map((id) => ({ id, delay: 0 }))));
    }
    this.#recorder.close();
  }

  /** There are claims that are being prepared, are waiting, or are being sent, recorded or given back. */
  #busy(): boolean {
    return this.#leases.size > 0 || this.#givingBack > 0;
  }

  #remember(destination: string, route: Route): void {
    let routes = this.#routesTo.get(destination);
    if (!routes) {
      // Bounded: only destinations of the last while matter, and a forgotten one costs a wait, not a message.
      if (this.#routesTo.size >= 10_000) this.#routesTo.delete(this.#routesTo.keys().next().value!);
      routes = new Set();
      this.#routesTo.set(destination, routes);
    }
    routes.add(route);
  }

  /** Room is told of in quarters, so that claiming goes on in groups rather than row by row. */
  #tellRoom(): void {
    if (this.room() < this.#options.concurrency / 4) return;
    for (const resolve of this.#roomWanted.splice(0)) resolve();
    if (!this.#starved) return;
    this.#starved = false;
    this.#options.onRoom();
  }

  #tellIdle(): void {
    if (!this.#busy()) for (const resolve of this.#idle.splice(0)) resolve();
    this.#tellRoom();
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }
}

/** `wait` and up to a quarter more, so that what waits for one destination does not come at one instant. */
function jittered(wait: Milliseconds, random: number): Milliseconds {
  return Math.round(wait * (1 + random / 4));
}
