import type { Clock, Milliseconds, Timer } from '@overdue/clock';
import { Gate, type GateOptions } from './gate.ts';
import { type Finish, Outbox, type OutboxOptions } from './outbox.ts';
import { Recorder } from './recorder.ts';
import { isTooOld, nextDelay } from './retry.ts';
import type { Claim, DeliveryHandler, NotificationState, Outcome, Prepared, QueueLogger } from './types.ts';
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
  readonly #held = new Set<number>();
  readonly #waiting = new Map<string, Waiting[]>();
  /** Channels whose destination takes no more now, by destination. */
  readonly #full = new Map<string, Set<number>>();
  readonly #channelsOf = new Map<string, Set<number>>();
  #handler: DeliveryHandler | undefined;
  #active = 0;
  #preparing = 0;
  #stopping = false;
  #abandoned = false;
  #starved = false;
  #heartbeat: Timer | undefined;
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
    this.#heartbeat = this.#clock.every(Math.max(1, this.#options.lease / 3), () => void this.#renew());
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

  /** Channels to pass over when claiming: their destinations take no more now. */
  busyChannels(): number[] {
    return [...this.#full.values()].flatMap((channels) => [...channels]);
  }

  /** Destinations that do not answer. */
  openDestinations(): string[] {
    return this.#gate.open();
  }

  /** Resolves when there is room for a group of claims, or it is stopping. */
  async untilRoom(): Promise<void> {
    while (!this.#stopping && this.room() < this.#options.concurrency / 4) {
      await new Promise<void>((resolve) => this.#roomWanted.push(resolve));
    }
  }

  /** Takes claims and resolves when each has been dealt with: sent and recorded, or given back. */
  async accept(claims: readonly Claim[]): Promise<void> {
    if (claims.length === 0) return;
    for (const claim of claims) this.#held.add(claim.id);
    this.#preparing += claims.length;
    let prepared: ReadonlyMap<number, Prepared>;
    try {
      const { silence, onSilence } = this.#options;
      prepared = await within(this.#clock, silence, this.#handler!.prepare(claims), onSilence);
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
      if (typeof placed === 'number') back.push({ claim, delay: placed });
      else dealt.push(placed);
    }
    if (back.length > 0) dealt.push(this.#giveBack(back));
    await Promise.all(dealt);
  }

  /** Sends now or when there is a place, or returns after how many milliseconds to come back. */
  #place(claim: Claim, item: Prepared | undefined): Promise<void> | Milliseconds {
    if (!item)
      return this.#record(claim, { result: 'dropped', answer: 'The check or channel does not exist any more' });
    this.#remember(item.destination, claim.channelId);
    const entry = this.#gate.enter(item.destination);
    if (entry.kind === 'go') return this.#send(claim, item);
    if (entry.kind === 'open') {
      if (!isTooOld(claim.createdAt, this.#clock.now())) return jittered(entry.waitFor, this.#random());
      return this.#record(claim, { result: 'failed', error: entry.lastError, disable: false });
    }
    const channels = this.#full.get(item.destination) ?? new Set();
    this.#full.set(item.destination, channels.add(claim.channelId));
    const queue = this.#waiting.get(item.destination) ?? [];
    if (queue.length >= (this.#options.gate?.perDestination ?? 24)) return 0;
    this.#waiting.set(item.destination, queue);
    return new Promise<void>((done) => queue.push({ claim, prepared: item, done }));
  }

  async #send(claim: Claim, item: Prepared): Promise<void> {
    this.#active++;
    const startedAt = this.#clock.now();
    const began = this.#clock.monotonic();
    let outcome: Outcome;
    try {
      outcome = await item.send();
    } catch (err) {
      this.#options.logger.error({ err, notification: claim.code }, 'A delivery failed in an unforeseen way');
      outcome = { result: 'retry', error: err instanceof Error ? err.message : String(err) };
    }
    this.#active--;
    const unreachable = outcome.result === 'retry' && outcome.unreachable ? outcome.error : null;
    const change = this.#gate.leave(item.destination, unreachable);
    const recorded = this.#record(claim, outcome, { startedAt, duration: this.#clock.monotonic() - began });
    this.#admit(item.destination);
    if (change === 'recovered') await this.#pullForward(item.destination, recorded);
    else if (change) await this.#postpone(item.destination, change.opened);
    await recorded;
  }

  /** Lets in who waits for a place at `destination`. */
  #admit(destination: string): void {
    const queue = this.#waiting.get(destination);
    const back: { claim: Claim; delay: Milliseconds }[] = [];
    const dones: (() => void)[] = [];
    while (queue && queue.length > 0) {
      const entry = this.#gate.enter(destination);
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

  async #record(
    claim: Claim,
    outcome: Outcome,
    sending: { startedAt: number; duration: Milliseconds } | null = null,
  ): Promise<void> {
    if (this.#abandoned && outcome.result !== 'sent') return;
    const now = this.#clock.now();
    const attempts = claim.attempts + 1;
    let state: NotificationState = outcome.result === 'retry' ? 'owed' : outcome.result;
    let delay = 0;
    if (outcome.result === 'retry') {
      const next = nextDelay(attempts, now - claim.createdAt, outcome.retryAfter, this.#random());
      if (next === null) state = 'failed';
      else delay = next;
    }
    const error = outcome.result === 'retry' || outcome.result === 'failed' ? outcome.error : '';
    const finish: Finish = {
      id: claim.id,
      channelId: claim.channelId,
      state,
      error: error.slice(0, 200),
      entry: {
        at: sending?.startedAt ?? now,
        ms: Math.round(sending?.duration ?? 0),
        answer: (error || ('answer' in outcome ? outcome.answer : '')).slice(0, 200),
        ...(outcome.result === 'retry' && outcome.retryAfter !== undefined ? { retry_after: outcome.retryAfter } : {}),
      },
      delay,
      startedAt: outcome.result === 'dropped' ? null : (sending?.startedAt ?? now),
      duration: sending?.duration ?? 0,
      disable: outcome.result === 'failed' && outcome.disable,
    };
    const written = await this.#recorder.record(finish);
    this.#held.delete(claim.id);
    if (!written) {
      this.#options.logger.warn({ notification: claim.code }, 'A delivery ended after its lease was lost');
    } else {
      this.#handler?.recorded?.(claim, outcome, state);
    }
    this.#tellIdle();
  }

  async #giveBack(items: readonly { claim: Claim; delay: Milliseconds }[]): Promise<void> {
    try {
      await this.outbox.release(items.map(({ claim, delay }) => ({ id: claim.id, delay })));
    } catch (err) {
      this.#options.logger.warn({ err, count: items.length }, 'Claims could not be given back; their leases will end');
    }
    for (const { claim } of items) this.#held.delete(claim.id);
    this.#tellIdle();
  }

  async #pullForward(destination: string, recorded: Promise<void>): Promise<void> {
    this.#options.logger.info({ destination }, 'A destination answers again');
    await recorded;
    await this.#attempt(() => this.outbox.pullForward([...(this.#channelsOf.get(destination) ?? [])]));
    this.#options.onRoom();
  }

  async #postpone(destination: string, delay: Milliseconds): Promise<void> {
    this.#options.logger.warn(
      { destination, seconds: delay / 1000 },
      'A destination does not answer; leaving it alone',
    );
    await this.#attempt(() => this.outbox.postpone([...(this.#channelsOf.get(destination) ?? [])], delay));
  }

  async #attempt(statement: () => Promise<void>): Promise<void> {
    try {
      await statement();
    } catch (err) {
      this.#options.logger.warn({ err }, 'The outbox could not be updated');
    }
  }

  async #renew(): Promise<void> {
    await this.#attempt(() => this.outbox.renew([...this.#held]));
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
    if (this.#held.size > 0) {
      await Promise.race([new Promise<void>((resolve) => this.#idle.push(resolve)), this.#clock.sleep(drain)]);
    }
    this.#heartbeat?.cancel();
    // What is still being sent is left to others. It may arrive twice, with the same delivery id.
    this.#abandoned = true;
    if (this.#held.size > 0) {
      const ids = [...this.#held];
      this.#options.logger.warn({ count: ids.length }, 'Stopping in the middle of deliveries');
      await this.#attempt(() => this.outbox.release(ids.map((id) => ({ id, delay: 0 }))));
    }
    this.#recorder.close();
  }

  /** Claims it holds: being prepared, waiting, being sent or recorded. */
  get held(): number {
    return this.#held.size;
  }

  #remember(destination: string, channelId: number): void {
    let channels = this.#channelsOf.get(destination);
    if (!channels) {
      // Bounded: only destinations of the last while matter, and a forgotten one costs a wait, not a message.
      if (this.#channelsOf.size >= 10_000) this.#channelsOf.delete(this.#channelsOf.keys().next().value!);
      channels = new Set();
      this.#channelsOf.set(destination, channels);
    }
    channels.add(channelId);
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
    if (this.#held.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
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
