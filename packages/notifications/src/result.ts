import type { Milliseconds } from '@overdue/clock';

/** How an attempt ended. The same shape as packages/queue's Outcome, which the services hand it to. */
export type TransportResult =
  /** Delivered; `answer` is what the receiver said. */
  | { readonly result: 'sent'; readonly answer: string }
  /** Nobody waits for this message any more. */
  | { readonly result: 'dropped'; readonly answer: string }
  /** Worth another attempt, `atMost` so many in all. `unreachable`: the receiver as a whole seems to be down. */
  | {
      readonly result: 'retry';
      readonly error: string;
      readonly retryAfter?: Milliseconds;
      readonly unreachable?: boolean;
      readonly atMost?: number;
    }
  /** Would fail again. `disable`: so would every later message (notifications.md §3.3). */
  | { readonly result: 'failed'; readonly error: string; readonly disable: boolean };

/** Delivered; `answer` is what the receiver said. */
export function sent(answer = 'OK'): TransportResult {
  return { result: 'sent', answer };
}

/** Worth another attempt; see {@link TransportResult}. */
export function retry(
  error: string,
  more: { retryAfter?: Milliseconds | undefined; unreachable?: boolean; atMost?: number } = {},
): TransportResult {
  return {
    result: 'retry',
    error,
    ...(more.retryAfter === undefined ? {} : { retryAfter: more.retryAfter }),
    ...(more.unreachable ? { unreachable: true } : {}),
    ...(more.atMost === undefined ? {} : { atMost: more.atMost }),
  };
}

/** This message cannot be delivered; later ones may be. */
export function failed(error: string): TransportResult {
  return { result: 'failed', error, disable: false };
}

/** Nothing can be delivered over this channel any more: it is switched off. */
export function permanent(error: string): TransportResult {
  return { result: 'failed', error, disable: true };
}
