import type { Clock, Instant, Milliseconds } from '@overdue/clock';
import { commitPatience, lookUpPatience, provisionPatience } from './budget.ts';
import type { CheckCache, FoundCheckRef, Lookup } from './check-cache.ts';
import { coalesced, InHand, type InHandOwner, judged, OldestFirst, unresolved } from './in-hand.ts';
import type { IncomingPing } from './incoming.ts';
import { isPlainSuccess } from './ping.ts';
import type { CoalescedPing } from './spool/journal-records.ts';
import type { Submission } from './submission.ts';
import { TimedOutError, within } from './within.ts';
import type { PingWriter } from './writer.ts';

/** Coalesces plain successes; see throttle.ts. */
export interface PlainSuccessThrottle {
  /** Whether it may take a ping of this check. */
  has(checkId: number): boolean;
  /** True: it took the ping, and tells its sender how that ended. */
  take(checkId: number, ping: CoalescedPing, sender: Pick<Submission, 'settle'>): boolean;
  /** Anything else of this check comes now: what was coalesced goes first. */
  end(checkId: number): void;
}

/** What changes of checks we have been told. */
export interface Hearing {
  /**
   * Calls back when all changes have been told that were committed before this call, or when that takes too long.
   * @returns false: that cannot be known at present; there is no call back
   */
  whenHeard(done: () => void): boolean;
  /** Calls back right after the last {@link whenHeard} does that is under way. @returns false: none is */
  whenHeardTheLast(done: () => void): boolean;
}

/** Makes the check that `create=1` asks for (P-50). */
export interface Provisioner {
  /** How many checks are waiting to be made, one after the other. */
  readonly waiting: number;
  /** Whether it refused to make a check at this address a moment ago: no need to ask it again. */
  hasRefused(address: { pingKey: string; slug: string }): boolean;
  /** @throws when the database is away, or does not get to it */
  create(address: { pingKey: string; slug: string }): Promise<'created' | 'exists' | 'refused'>;
}

export interface IntakeOptions {
  readonly clock: Clock;
  readonly cache: CheckCache;
  readonly writer: PingWriter;
  readonly throttle: PlainSuccessThrottle | null;
  /** Null: what the throttle takes is judged by changes as they come. */
  readonly hearing: Hearing | null;
  readonly provisioner: Provisioner | null;
  readonly rateLimit: { allows(checkId: number): boolean } | null;
  /** PING_DB_TIMEOUT_MS: bounds the making of a check; look-ups are bounded by their loaders. See budget.ts. */
  readonly timeoutMs: number;
  /** Bounds on what is in hand; past them the answer is `refused`. */
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

/** Checks waiting to be made; past them the answer is `not created`. */
const MAX_PROVISIONING = 100;
/** So many pings a second wait until all changes are heard before they are coalesced; nobody hammers a check by hand. */
const HEAR_FIRST_A_SECOND = 100;

/**
 * Where every transport hands in its pings: look-up, filters, rate limit, throttle, writer.
 *
 * Bounded: past `maxPending` pings or `maxPendingBytes` of bodies in hand, more are refused at once.
 */
export class PingIntake {
  readonly #options: IntakeOptions;
  /** Look-ups and writes in hand, oldest first; settled ones fall off the front. */
  readonly #inHand = new OldestFirst();
  readonly #owner: InHandOwner = {
    settled: (one) => this.#settled(one),
    judgeAnew: (one) => this.#judgeAnew(one),
  };
  /** Pings that wait for what there is to hear, of each check. */
  readonly #hearing = new Map<number, number>();
  /** How many there were in the second that began then (monotonic). */
  #heard = { since: 0, pings: 0 };
  pending = 0;
  pendingBytes = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  submit(incoming: IncomingPing): void {
    const { clock, maxPending, maxPendingBytes } = this.#options;
    const bytes = incoming.body?.length ?? 0;
    if (this.pending >= maxPending || this.pendingBytes + bytes > maxPendingBytes) {
      incoming.settle('refused');
      return;
    }
    this.pending++;
    this.pendingBytes += bytes;
    const one = new InHand(this.#owner, incoming, clock.now());
    this.#inHand.push(one);
    this.#recall(one);
  }

  #recall(one: InHand): void {
    const lookup = this.#options.cache.peek(one.incoming.address);
    if (lookup === undefined || (lookup === 'unknown' && this.#mayCreate(one.incoming))) this.#lookUp(one);
    else this.#judge(one, lookup);
  }

  #mayCreate({ create, address }: IncomingPing): boolean {
    const { provisioner } = this.#options;
    return create && provisioner !== null && 'slug' in address && !provisioner.hasRefused(address);
  }

  /** When the oldest ping in hand was received, or null. What is spooled or coalesced is answered for elsewhere. */
  oldest(): Instant | null {
    return this.#inHand.oldest();
  }

  /** Resolves when nothing is in hand. */
  async settled(): Promise<void> {
    while (this.pending > 0) await this.#options.clock.sleep(5);
  }

  #settled(one: InHand): void {
    this.pending--;
    this.pendingBytes -= one.incoming.body?.length ?? 0;
    if (one.outcome === 'unknown') this.#options.cache.forget(one.incoming.address);
  }

  /** What is looked up from now on is what was there when the ping was received, or newer. */
  async #judgeAnew(one: InHand): Promise<boolean> {
    const { cache, clock, throttle, timeoutMs } = this.#options;
    const { address } = one.incoming;
    cache.outdated(address, one.ping.rulesVersion!);
    throttle?.end(one.ping.checkId!);
    const patience = commitPatience(timeoutMs, clock.now() - one.at) ?? 0;
    const lookup = await within(clock, patience, cache.load(address));
    if (typeof lookup === 'string') this.#found(one, lookup);
    else one.as({ ...judged(one, lookup, one.incoming.classify(lookup.rules)), rulesVersion: null });
    return typeof lookup === 'object';
  }

  #lookUp(one: InHand): void {
    const { cache, writer } = this.#options;
    if (writer.mode === 'spooling') {
      this.#spoolUnresolved(one, new Error('The database is away.'));
      return;
    }
    cache.lookUp(
      one.incoming.address,
      (lookup) => this.#found(one, lookup),
      (error) => this.#spoolUnresolved(one, error),
    );
  }

  #found(one: InHand, lookup: Lookup): void {
    const { provisioner } = this.#options;
    if (lookup === 'unknown' && provisioner && this.#mayCreate(one.incoming)) {
      this.#provision(one, provisioner).catch((error) => this.#spoolUnresolved(one, error));
    } else {
      this.#judge(one, lookup);
    }
  }

  /** @throws when the database is away */
  async #provision(one: InHand, provisioner: Provisioner): Promise<void> {
    const { cache, clock, timeoutMs } = this.#options;
    const { address } = one.incoming;
    if (!('slug' in address)) return this.#judge(one, 'unknown');
    if (provisioner.waiting >= MAX_PROVISIONING) return one.settle('not created');
    const left = (patience: Milliseconds) => Math.max(patience - (clock.now() - one.at), 0);
    let made: 'created' | 'exists' | 'refused' | 'no time';
    try {
      made = await within(clock, left(provisionPatience(timeoutMs)), provisioner.create(address));
    } catch (error) {
      // Others were before it, or somebody holds the project: not yet a database that is away.
      if (!(error instanceof TimedOutError)) throw error;
      made = 'no time';
    }
    if (made === 'refused') return this.#judge(one, 'unknown');
    if (made !== 'no time') cache.forgetSlugs();
    const lookup = await within(clock, left(lookUpPatience(timeoutMs)), cache.load(address));
    if (made === 'no time' && lookup === 'unknown') return one.settle('not created');
    one.created = made === 'created' && typeof lookup === 'object';
    this.#judge(one, lookup);
  }

  /** To be judged on replay. */
  #spoolUnresolved(one: InHand, error: unknown): void {
    const { writer } = this.#options;
    writer.goAway(error);
    if (one.incoming.invalid) {
      one.settle('invalid');
      return;
    }
    const { address, action, create } = one.incoming;
    writer.submit(one.as(unresolved(one, { address, action, create })));
  }

  #judge(one: InHand, lookup: Lookup): void {
    if (typeof lookup === 'string') {
      one.settle(lookup);
      return;
    }
    this.#accept(one, lookup);
  }

  #accept(one: InHand, check: FoundCheckRef): void {
    const { rateLimit, throttle, writer } = this.#options;
    if (one.incoming.invalid) {
      one.settle('invalid');
      return;
    }
    if (rateLimit && !one.heard && !rateLimit.allows(check.id)) {
      one.settle('too many');
      return;
    }
    const kind = one.incoming.classify(check.rules);
    if (throttle) {
      const isPlain = isPlainSuccess(kind, one.incoming);
      const mayBeTaken = isPlain && throttle.has(check.id);
      if (this.#hearsFirst(one, check.id, mayBeTaken)) return;
      if (mayBeTaken && throttle.take(check.id, coalesced(one), one)) return;
      if (!isPlain) throttle.end(check.id);
    }
    writer.submit(one.as(judged(one, check, kind)));
  }

  /**
   * What is written at once meets its check's row, and so an edit that we have not heard of ({@link Ping.rulesVersion}). What
   * is coalesced meets nothing: a ping right after the answer to an edit or a pause would count as if before. So it waits
   * until all there is has been heard, a round trip to the database, and later ones of its check behind it. When many come,
   * the others do not wait.
   */
  #hearsFirst(one: InHand, checkId: number, mayBeTaken: boolean): boolean {
    const { hearing, writer } = this.#options;
    if (hearing === null || one.heard) return false;
    const before = this.#hearing.get(checkId) ?? 0;
    const hears = mayBeTaken && writer.mode === 'live' && this.#mayHear();
    if (!hears && before === 0) return false;
    const done = () => {
      one.heard = true;
      const left = this.#hearing.get(checkId)! - 1;
      if (left > 0) this.#hearing.set(checkId, left);
      else this.#hearing.delete(checkId);
      this.#recall(one);
    };
    const waits = hears ? hearing.whenHeard(done) : hearing.whenHeardTheLast(done);
    if (waits) this.#hearing.set(checkId, before + 1);
    return waits;
  }

  #mayHear(): boolean {
    const now = this.#options.clock.monotonic();
    if (now - this.#heard.since >= 1000) this.#heard = { since: now, pings: 0 };
    return this.#heard.pings++ < HEAR_FIRST_A_SECOND;
  }
}
