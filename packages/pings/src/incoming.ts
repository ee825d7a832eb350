import type { PingKind } from '@overdue/checks';
import type { PingAction, PingAddress } from './path.ts';
import type { Outcome } from './ping.ts';
import type { CheckRules } from './rules.ts';

/** A ping as a transport received it, before its check is known. */
export interface IncomingPing {
  readonly address: PingAddress;
  readonly action: PingAction;
  readonly exitStatus: number | null;
  readonly rid: string | null;
  readonly create: boolean;
  /** It will not be recorded whatever its check (exit status above 255, bad rid), but an unknown check is said first. */
  readonly invalid?: boolean;
  readonly scheme: string;
  readonly method: string;
  readonly remoteAddr: string | null;
  readonly ua: string;
  readonly body: Buffer | null;
  /** What the ping means to a check with these rules. */
  classify(rules: CheckRules): PingKind;
  /** Called once, with how it ended. Must not throw. */
  settle(outcome: IntakeOutcome): void;
}

export type IntakeOutcome =
  | Outcome
  /** A check was made for it (`create=1`), and it is recorded. */
  | 'created'
  /** {@link IncomingPing.invalid}, and its check exists. */
  | 'invalid'
  /** `create=1`, and its check could not be made now: try again. No ping of an existing check was refused. */
  | 'not created'
  /** More pings of this check in a minute than PING_RATE_LIMIT. */
  | 'too many';
