import type { Instant } from '@overdue/clock';
import { type ExplainedFlip, explain } from '@overdue/notifications';
import { z } from 'zod';
import { findCheck, ofCheck } from '../checks/find.ts';
import { errorSchema, RESPONSES } from '../http/common.ts';
import type { Endpoint, KeyedOperation } from '../http/endpoint.ts';
import { empty, json, jsonError } from '../http/reply.ts';
import { preciseTimestamp } from '../http/timestamps.ts';

const instant = z.string().meta({ format: 'date-time' });
const channel = z.strictObject({ id: z.uuid(), kind: z.string(), title: z.string() });
const flip = z.strictObject({
  timestamp: instant.describe('When the change took effect; of a time-out, the deadline.'),
  old_status: z.string(),
  new_status: z.string(),
  reason: z.string().describe('timeout, fail, or empty.'),
  recorded_at: instant.describe('When it was written.'),
});

/** The latest moment that can be asked for, as of flips: Unix time, in seconds. */
const LATEST = 10_000_000_000;

const MOMENT = `ISO 8601 with an offset, or Unix time up to ${LATEST}`;

/** The moment that `at` names: {@link MOMENT}; null: neither, or out of range. Absent: now. */
function momentOf(at: string | undefined, now: Instant): Instant | null {
  if (at === undefined) return now;
  const moment = /^\d{1,11}$/.test(at) ? Number(at) * 1000 : instantOf(at);
  return moment !== null && moment >= 0 && moment <= LATEST * 1000 ? moment : null;
}

function instantOf(text: string): Instant | null {
  const parsed = z.iso.datetime({ offset: true }).safeParse(text);
  return parsed.success ? Date.parse(parsed.data) : null;
}

const printFlip = (of: ExplainedFlip | null) =>
  of && {
    timestamp: preciseTimestamp(of.at),
    old_status: of.oldStatus,
    new_status: of.newStatus,
    reason: of.reason,
    recorded_at: preciseTimestamp(of.recordedAt),
  };

const why: KeyedOperation = {
  id: 'explainCheck',
  summary: 'Explain why a check did, or did not, alert at a moment',
  key: 'rw',
  query: [
    {
      name: 'at',
      description: `The moment: ${MOMENT}. Without it: now.`,
      schema: z.string(),
    },
  ],
  responses: {
    200: {
      description: 'What was awaited, what was decided, and which messages it owed.',
      schema: z.strictObject({
        at: instant,
        status: z.string().nullable().describe('The stored status then; null: the check did not exist yet.'),
        sentences: z.array(z.string()).describe('All of it in words.'),
        expected: instant.nullable().describe('When a ping was due; null: none was.'),
        deadline: instant.nullable().describe('When grace ended, moved by gaps; null: never.'),
        flip: flip.nullable().describe('The change of status in force then.'),
        next_flip: flip.nullable().describe('The next one after it.'),
        gaps: z
          .array(z.strictObject({ from: instant, until: instant.nullable() }))
          .describe('Stretches in which no ingester was receiving, or whose pings may be lost.'),
        messages: z
          .array(
            z.strictObject({
              id: z.uuid().describe('The delivery id that the receiver saw.'),
              channel,
              state: z.enum(['owed', 'sent', 'failed', 'dropped']),
              error: z.string(),
              attempts: z.array(z.strictObject({ timestamp: instant, duration_ms: z.number(), answer: z.string() })),
              next_attempt: instant.nullable(),
            }),
          )
          .describe('What the change of status made us owe.'),
        not_owed: z.array(z.strictObject({ channel, why: z.string() })),
      }),
    },
    400: { description: '`at` is not a moment, or none from 1970 on.', schema: errorSchema },
    403: RESPONSES.otherProject,
    404: RESPONSES.noCheck,
  },
  async handle(call) {
    const found = await findCheck(call);
    if ('refusal' in found) return found.refusal;
    const now = call.deps.clock.now();
    const at = momentOf(call.query.getAll('at').at(-1), now);
    if (at === null) return jsonError(400, `at is not a moment from 1970 on: ${MOMENT}`);
    const answer = await explain(call.deps.database.sql, found.check.id, at, { now });
    if (!answer) return empty(404);
    const { expected = null, deadline = null } = answer.lateness ?? {};
    const orNull = (value: Instant | null) => (value === null ? null : preciseTimestamp(value));
    const printChannel = (of: { code: string; kind: string; title: string }) => ({
      id: of.code,
      kind: of.kind,
      title: of.title,
    });
    return json({
      at: preciseTimestamp(at),
      status: answer.status,
      sentences: answer.sentences,
      expected: orNull(expected),
      deadline: orNull(deadline),
      flip: printFlip(answer.flip),
      next_flip: printFlip(answer.nextFlip),
      gaps: answer.gaps.map((gap) => ({ from: preciseTimestamp(gap.from), until: orNull(gap.until) })),
      messages: answer.messages.map((message) => ({
        id: message.code,
        channel: printChannel(message.channel),
        state: message.state,
        error: message.error,
        attempts: message.attempts.map((attempt) => ({
          timestamp: preciseTimestamp(attempt.at),
          duration_ms: attempt.ms,
          answer: attempt.answer,
        })),
        next_attempt: orNull(message.nextAttemptAt),
      })),
      not_owed: answer.notOwed.map((one) => ({ channel: printChannel(one.channel), why: one.why })),
    });
  },
};

export const explainEndpoints: readonly Endpoint[] = [
  ofCheck({ path: '/api/v{version}/checks/{uuid}/explain/', tag: 'Checks', operations: { GET: why } }),
];
