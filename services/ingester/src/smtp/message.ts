import type { Logger } from '@overdue/observability';
import { classifyEmail, type IncomingPing, type IntakeOutcome, type PingAddress, readMessage } from '@overdue/pings';

/** Where e-mail pings go: the same intake as HTTP pings. */
export interface PingTarget {
  /** Calls `settle` once: after the commit, or when the ping is safe in the spool, or refused. */
  submit(incoming: IncomingPing): void;
}

/** A recipient that was accepted, in the order of the RCPT commands; the same one may come several times (P-59). */
export interface Recipient {
  readonly address: string;
  readonly check: PingAddress;
}

export interface EmailMessage {
  /** The envelope's; empty for the null sender. */
  readonly sender: string;
  readonly remoteAddress: string;
  readonly recipients: readonly Recipient[];
  /** As received: headers included, dots unstuffed, CRLF. */
  readonly raw: Buffer;
}

/** Told of each recipient's outcome, for metrics. */
export type OnOutcome = (outcome: IntakeOutcome) => void;

const UA_LIMIT = 200;

/**
 * Pings the check of each recipient, one after the other (P-59).
 * @param from the first recipient to do; for a message that is sent again because not all could be recorded
 * @returns how many are done, from the first on: recorded, or there is nothing to record
 */
export async function pingRecipients(
  message: EmailMessage,
  from: number,
  target: PingTarget,
  logger: Logger,
  onOutcome: OnOutcome,
): Promise<number> {
  const text = readMessage(message.raw);
  for (let i = from; i < message.recipients.length; i++) {
    const { address, check } = message.recipients[i]!;
    const outcome = await new Promise<IntakeOutcome>((settle) => {
      target.submit({
        address: check,
        action: 'success',
        exitStatus: null,
        rid: null,
        create: false,
        invalid: false,
        scheme: 'email',
        method: '',
        remoteAddr: message.remoteAddress,
        ua: `Email from ${message.sender === '' ? '<>' : message.sender}`.slice(0, UA_LIMIT),
        body: message.raw.length > 0 ? message.raw : null,
        classify: (rules) => classifyEmail(rules, text),
        settle,
      });
    });
    onOutcome(outcome);
    switch (outcome) {
      case 'recorded':
      case 'created':
        logger.info(`Processed ping for ${address}`);
        break;
      case 'unknown':
        logger.info(`Check not found: ${address}`);
        break;
      case 'ambiguous':
        logger.info(`Ambiguous slug: ${address}`);
        break;
      case 'invalid':
      case 'too many':
      case 'refused':
      case 'not created':
        logger.warn(`Not recorded now (${outcome}): ${address}`);
        return i;
    }
  }
  return message.recipients.length;
}
