import type { Instant } from '@overdue/clock';

/** Everything that one message is about, as it is when the message is made (integrations.md section 0). */
export interface Facts {
  /** The delivery id: the same in every attempt, never reused. */
  readonly deliveryId: string;
  readonly test: boolean;
  readonly channel: ChannelFacts;
  readonly check: CheckFacts;
  readonly project: ProjectFacts;
  readonly flip: FlipFacts;
  /** The change before `flip`, when it was to down: how long the check was down is the time between. */
  readonly downSince: Instant | null;
  /** Newest ping that was received by the time of the flip (LASTPING). */
  readonly lastPing: LastPing | null;
}

export interface ChannelFacts {
  readonly id: number;
  readonly code: string;
  readonly kind: string;
  readonly name: string;
  readonly value: unknown;
  readonly emailVerified: boolean;
  readonly disabled: boolean;
}

export interface CheckFacts {
  /** null: the check of a test message, which is not stored. */
  readonly id: number | null;
  readonly code: string;
  readonly name: string;
  readonly slug: string;
  /** Separated by spaces. */
  readonly tags: string;
  readonly desc: string;
  readonly badge_key: string;
  readonly kind: 'simple' | 'cron' | 'oncalendar';
  /** Seconds, like `grace`. */
  readonly timeout: number;
  readonly grace: number;
  readonly schedule: string;
  readonly tz: string;
  readonly methods: string;
  readonly manual_resume: boolean;
  readonly filter_subject: boolean;
  readonly filter_body: boolean;
  readonly filter_http_body: boolean;
  readonly filter_default_fail: boolean;
  readonly start_kw: string;
  readonly success_kw: string;
  readonly failure_kw: string;
  readonly created_at: Instant;
  readonly status: 'new' | 'up' | 'down' | 'paused';
  readonly n_pings: number;
  readonly last_ping: Instant | null;
  readonly last_start: Instant | null;
  readonly last_start_rid: string | null;
  readonly last_duration_ms: number | null;
  readonly alert_after: Instant | null;
}

export interface ProjectFacts {
  readonly id: number;
  readonly code: string;
  readonly name: string;
  readonly ownerId: number;
  readonly ownerEmail: string;
  readonly ownerTz: string;
}

export interface FlipFacts {
  readonly at: Instant;
  readonly oldStatus: string;
  readonly newStatus: 'up' | 'down';
  readonly reason: '' | 'timeout' | 'fail';
}

export interface LastPing {
  readonly n: number;
  readonly at: Instant;
  readonly kind: string;
  readonly scheme: string;
  readonly remoteAddr: string | null;
  readonly exitStatus: number | null;
  readonly bodySize: number;
}
