/** What one client, and all of them together, may use. */
export interface SmtpLimits {
  /** Of a message, announced as SIZE (ping-api.md 10.2). */
  readonly messageBytes: number;
  /** Of all messages in hand. */
  readonly totalBytes: number;
  readonly sessions: number;
  /** Of one message; what RFC 5321 asks for at least. */
  readonly recipients: number;
  /** Silence after which a session is ended, in milliseconds. */
  readonly idleMs: number;
  /** How long one message may take to arrive, in milliseconds. */
  readonly messageMs: number;
  /** How often the certificate's files are looked at, in milliseconds. */
  readonly certificateMs: number;
  /** How long messages under way are waited for when stopping, in milliseconds. */
  readonly stopMs: number;
}

/** What holds outside tests. */
export const LIMITS: SmtpLimits = {
  messageBytes: 33_554_432,
  totalBytes: 128 * 1024 * 1024,
  sessions: 500,
  recipients: 100,
  idleMs: 60_000,
  messageMs: 600_000,
  certificateMs: 10_000,
  stopMs: 5_000,
};
