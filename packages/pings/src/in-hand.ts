import type { PingKind } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { FoundCheckRef } from './check-cache.ts';
import type { IncomingPing, IntakeOutcome } from './incoming.ts';
import type { Ping } from './ping.ts';
import type { CoalescedPing } from './spool/journal-records.ts';
import type { Submission } from './submission.ts';
import { uuid7 } from './uuid7.ts';

/** Whoever has pings in hand. */
export interface InHandOwner {
  /** Its outcome is known, and its sender hears of it next. */
  settled(one: InHand): void;
  /** See {@link Submission.judgeAnew}. */
  judgeAnew(one: InHand): Promise<boolean>;
}

/** One ping from receipt to its outcome. */
export class InHand implements Submission {
  readonly incoming: IncomingPing;
  readonly at: Instant;
  readonly #owner: InHandOwner;
  #ping: Ping | null = null;
  created = false;
  /** Whether all changes have been heard that were there when it came. */
  heard = false;
  outcome: IntakeOutcome | null = null;

  constructor(owner: InHandOwner, incoming: IncomingPing, at: Instant) {
    this.#owner = owner;
    this.incoming = incoming;
    this.at = at;
  }

  get ping(): Ping {
    return this.#ping!;
  }

  as(ping: Ping): this {
    this.#ping = ping;
    return this;
  }

  judgeAnew(): Promise<boolean> {
    return this.#owner.judgeAnew(this);
  }

  settle(outcome: IntakeOutcome): void {
    this.outcome = outcome === 'recorded' && this.created ? 'created' : outcome;
    this.#owner.settled(this);
    this.incoming.settle(this.outcome);
  }
}

/** A ping of this check, which it means `kind` to. */
export function judged(one: InHand, check: FoundCheckRef, kind: PingKind): Ping {
  return ping(one, check.id, null, kind, check.rulesVersion);
}

/** A ping whose check is looked up later. */
export function unresolved(one: InHand, said: NonNullable<Ping['unresolved']>): Ping {
  return ping(one, null, said, said.action, null);
}

function ping(
  { incoming, at }: InHand,
  checkId: Ping['checkId'],
  unresolved: Ping['unresolved'],
  kind: PingKind,
  rulesVersion: Ping['rulesVersion'],
): Ping {
  return {
    id: uuid7(at),
    at,
    checkId,
    unresolved,
    kind,
    rulesVersion,
    exitStatus: incoming.exitStatus,
    rid: incoming.rid,
    scheme: incoming.scheme,
    method: incoming.method,
    remoteAddr: incoming.remoteAddr,
    ua: incoming.ua,
    body: incoming.body,
    skipped: 0,
    late: false,
  };
}

/** What is kept of it when it is only counted. */
export function coalesced({ at, incoming: { scheme, method, remoteAddr, ua } }: InHand): CoalescedPing {
  return { at, scheme, method, remoteAddr, ua };
}

/** Pings by age; those that are settled are dropped when they come to the front. */
export class OldestFirst {
  #items: InHand[] = [];
  #head = 0;

  push(item: InHand): void {
    this.#trim();
    this.#items.push(item);
  }

  oldest(): Instant | null {
    this.#trim();
    return this.#items[this.#head]?.at ?? null;
  }

  #trim(): void {
    const items = this.#items;
    while (this.#head < items.length && items[this.#head]!.outcome !== null) this.#head++;
    if (this.#head > 1024 && this.#head * 2 > items.length) {
      this.#items = items.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === items.length && this.#head > 0) {
      items.length = 0;
      this.#head = 0;
    }
  }
}
