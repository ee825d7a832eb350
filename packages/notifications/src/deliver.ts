import type { Clock } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import type { HttpClient } from './http/client.ts';
import { findKind } from './kinds.ts';
import type { Mailer } from './mail/mailer.ts';
import type { Facts } from './message/facts.ts';
import { loadFacts } from './message/load.ts';
import { Message, type Tools } from './message/message.ts';
import type { NotificationOptions } from './options.ts';
import { failed, type TransportResult } from './result.ts';

export interface DeliveryDeps {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly options: NotificationOptions;
  readonly http: HttpClient;
  readonly mailer: Mailer;
  readonly logger: DeliveryLogger;
}

export interface DeliveryLogger {
  info(context: object, message: string): void;
  warn(context: object, message: string): void;
  error(context: object, message: string): void;
}

/** The part of a queue's claim that is needed here; packages/queue's Claim fits. */
interface Owed {
  readonly id: number;
  readonly code: string;
  readonly channelId: number;
}

export interface Attempt {
  readonly kind: string;
  readonly result: TransportResult['result'];
  readonly switchedOff: boolean;
}

interface Prepared {
  /** What is up or down as one; see packages/queue's Prepared. */
  readonly destination: string;
  send(): Promise<TransportResult>;
}

/** What a delivery queue calls to send; packages/queue's DeliveryHandler. */
export interface Delivery {
  prepare(claims: readonly Owed[]): Promise<ReadonlyMap<number, Prepared>>;
  recorded(claim: Owed, outcome: TransportResult, state: string): void;
}

/**
 * Sends what the outbox owes.
 * @param observe hears of every attempt once it is recorded; `switchedOff`: so was its channel, and there is somebody to
 *   tell ({@link tellOwners})
 */
export function createDelivery(deps: DeliveryDeps, observe: (attempt: Attempt) => void = () => undefined): Delivery {
  const tools: Tools = deps;
  const kinds = new WeakMap<Owed, string>();
  return {
    async prepare(claims) {
      const facts = await loadFacts(
        deps.sql,
        claims.map((claim) => claim.id),
      );
      const ready = new Map<number, Prepared>();
      for (const claim of claims) {
        const fact = facts.get(claim.id);
        if (!fact) continue;
        kinds.set(claim, fact.channel.kind);
        ready.set(claim.id, prepared(fact, tools, deps.logger));
      }
      return ready;
    },
    recorded(claim, outcome, state) {
      const kind = kinds.get(claim) ?? 'unknown';
      observe({ kind, result: outcome.result, switchedOff: outcome.result === 'failed' && outcome.disable });
      const context = { notification: claim.code, kind, state };
      if (outcome.result === 'sent') deps.logger.info(context, 'Delivered');
      else if (outcome.result === 'dropped') deps.logger.info({ ...context, answer: outcome.answer }, 'Not delivered');
      else deps.logger.warn({ ...context, error: outcome.error }, 'Delivery failed');
    },
  };
}

/** Sends one message. Never throws: what a kind did not foresee is an error worth another attempt. */
export async function send(facts: Facts, tools: Tools): Promise<TransportResult> {
  const kind = findKind(facts.channel.kind);
  if (!kind) return failed(`There is no integration of the kind ${facts.channel.kind}`);
  if (facts.channel.disabled && !facts.test) return { result: 'dropped', answer: 'The integration is switched off' };
  const value = kind.schema.safeParse(facts.channel.value);
  if (!value.success) return unreadable(kind.kind);
  // Switched to "down only", say, after the flip.
  if (!kind.wants(value.data)[facts.flip.newStatus]) {
    return { result: 'dropped', answer: `The integration does not want to hear of ${facts.flip.newStatus}` };
  }
  return await kind.send(new Message(facts, value.data, tools));
}

/** One message made ready. Never throws: a channel that cannot be read must not hold up the others of its group. */
function prepared(facts: Facts, tools: Tools, logger: DeliveryLogger): Prepared {
  try {
    return { destination: destination(facts, tools.options), send: () => send(facts, tools) };
  } catch (err) {
    const { id, code, kind } = facts.channel;
    logger.error({ err, channel: code, kind }, 'The settings of an integration cannot be read');
    return { destination: `channel ${id}`, send: async () => unreadable(kind) };
  }
}

function destination(facts: Facts, options: NotificationOptions): string {
  const kind = findKind(facts.channel.kind);
  const value = kind?.schema.safeParse(facts.channel.value);
  // Nothing is sent for such a channel: it shares its fate with no other.
  if (!kind || !value?.success) return `channel ${facts.channel.id}`;
  return kind.destination(value.data, options, facts.flip.newStatus);
}

function unreadable(kind: string): TransportResult {
  return failed(`The integration's settings cannot be read (${kind})`);
}
