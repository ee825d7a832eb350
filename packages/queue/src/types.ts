import type { Instant, Milliseconds } from '@overdue/clock';

/**
 * Words used in this package:
 *   notification  a row of the outbox: one message that one channel is owed
 *   owed          not finished: to be sent, being sent, or waiting for another attempt
 *   claim         a worker's lease on an owed row; while it lasts nobody else sends that row
 *   attempt       one try at sending; it ends in an {@link Outcome}
 *   destination   what is up or down as one: usually the receiver's host and port
 *   route         what goes to one destination: a channel's messages of one status
 */

/** A row of the outbox that this process holds the lease of. */
export interface Claim {
  readonly id: number;
  /** The delivery id that receivers see; the same in every attempt. */
  readonly code: string;
  readonly channelId: number;
  /** null: a test message. */
  readonly checkId: number | null;
  readonly flipId: number | null;
  readonly checkStatus: string;
  /** Attempts made before this one. */
  readonly attempts: number;
  readonly createdAt: Instant;
  /** On this process's monotonic clock: before it nobody else can have claimed the row, unless renewed even later. */
  readonly leaseEnds: Milliseconds;
}

/** `<channel id> <status>`: a webhook may go to one host when a check is down, and to another when it is up. */
export type Route = `${number} ${string}`;

/** The route that a claim takes. */
export function routeOf(claim: Pick<Claim, 'channelId' | 'checkStatus'>): Route {
  return `${claim.channelId} ${claim.checkStatus}`;
}

/** How an attempt ended. */
export type Outcome =
  /** Delivered. `answer`: what the receiver said, for the log. */
  | { readonly result: 'sent'; readonly answer: string }
  /** There is nothing to send any more (channel switched off, check gone); not an error of the channel. */
  | { readonly result: 'dropped'; readonly answer: string }
  /** Worth another attempt. */
  | {
      readonly result: 'retry';
      readonly error: string;
      /** The receiver asked not to be called before this much time has passed. */
      readonly retryAfter?: Milliseconds;
      /** True when the destination as a whole seems to be down (no connection, time-out, 502 to 504). */
      readonly unreachable?: boolean;
      /** The message is given up after this many attempts in all. Absent: after a day. */
      readonly atMost?: number;
    }
  /** Another attempt would fail the same way. `disable`: so would every later message; the channel is switched off. */
  | { readonly result: 'failed'; readonly error: string; readonly disable: boolean };

/** A claim made ready to be sent. */
export interface Prepared {
  readonly destination: string;
  /** Sends it. Must not throw for what a receiver can cause; a throw is recorded as an error worth another attempt. */
  send(): Promise<Outcome>;
}

/** What a queue calls to send. */
export interface DeliveryHandler {
  /** Reads what the messages need, for many at once. Claims that are missing from the result are dropped. */
  prepare(claims: readonly Claim[]): Promise<ReadonlyMap<number, Prepared>>;
  /** After the outcome is committed. `state` is what became of the row. Must not throw. */
  recorded?(claim: Claim, outcome: Outcome, state: NotificationState): void;
}

export type NotificationState = 'owed' | 'sent' | 'failed' | 'dropped';

/** One entry of `notifications.log`. */
export interface LogEntry {
  readonly at: Instant;
  readonly ms: Milliseconds;
  readonly answer: string;
  /** The receiver's Retry-After, when it gave one. */
  readonly retry_after?: Milliseconds;
}

/** The delivery queue: sends what the outbox owes. Both drivers keep these promises: see docs/alerting.md. */
export interface DeliveryQueue {
  /** Begins to send. Resolves when the first look at the outbox is under way; servers that are away are waited for. */
  start(handler: DeliveryHandler): Promise<void>;
  /** Something may be owed: look now rather than at the next poll. */
  wake(): void;
  /** Takes nothing new, waits up to `drain` for what is being sent, and gives the rest back. */
  stop(drain?: Milliseconds): Promise<void>;
  /** What keeps the queue from doing its whole job, in words; empty: nothing. */
  problems(): readonly string[];
}

/** The part of a logger that this package uses; pino's fits. */
export interface QueueLogger {
  debug(context: object, message: string): void;
  info(context: object, message: string): void;
  warn(context: object, message: string): void;
  error(context: object, message: string): void;
}
