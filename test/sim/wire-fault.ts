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
