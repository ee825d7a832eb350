/** Why a recipient or a mail is refused. */
export type MailRefusal =
  /** A recipient that is not ours, or is no address of a check. */
  | 'wrong_domain'
  | 'invalid_mailbox'
  | 'too_many_recipients'
  /** The mail, or what it says to be. */
  | 'too_big'
  /** It took too long, or its connection ended before it did. */
  | 'broken_off'
  /** Too many under way at once. */
  | 'no_room'
  /** A ping of it can be neither committed nor spooled, or is over PING_RATE_LIMIT. */
  | 'not_recorded'
  /** A mistake of ours. */
  | 'error';

/** The reply that says so; smtp-server reads `responseCode`. */
export class RefusalError extends Error {
  override readonly name = 'RefusalError';
  readonly responseCode: number;
  readonly reason: MailRefusal;

  constructor(reason: MailRefusal, code: number, text: string) {
    super(text);
    this.reason = reason;
    this.responseCode = code;
  }
}
