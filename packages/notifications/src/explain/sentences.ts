import { plural } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { ExplainedMessage, Explanation } from './explanation.ts';

/** How instants are written. */
export type WriteInstant = (at: Instant) => string;

type Facts = Omit<Explanation, 'sentences'>;

/**
 * An explanation in sentences, in the order in which things happened.
 * @param now of a moment after it, the last sentence says what will be; those before it say what was until now
 */
export function explanationSentences(facts: Facts, now: Instant, time: WriteInstant): string[] {
  const { at, status, lateness, flip, messages } = facts;
  if (status === null) return [`The check did not exist yet at ${time(at)}.`];
  const out: string[] = [];
  if (facts.brokenSchedule) out.push(`It cannot be judged: ${facts.brokenSchedule}`);
  if (lateness) out.push(...latenessSentences(facts, Math.min(at, now), time));
  for (const gap of facts.gaps) {
    if (lateness?.held?.gaps.some(([from]) => from === gap.from)) continue;
    out.push(
      gap.until === null
        ? `No ingester has been receiving pings since ${time(gap.from)}, so nothing is declared down.`
        : `Overdue may have missed pings from ${time(gap.from)} until ${time(gap.until)}; that did not touch this check.`,
    );
  }
  if (flip) {
    out.push(`It went from ${flip.oldStatus} to ${flip.newStatus} at ${time(flip.at)}${why(flip.reason)}.`);
    const judged = flip.decision?.judged_at;
    if (typeof judged === 'number') {
      out.push(`That was decided at ${time(flip.recordedAt)}, when every ping until ${time(judged)} was known.`);
    }
  }
  if (at <= now) out.push(`At ${time(at)} its status was ${status}.`);
  if (flip && messages.length === 0 && facts.notOwed.length === 0) out.push('It had no integrations to tell.');
  const told = messages.map((message) => ({ title: message.channel.title, what: messageWords(message, time) }));
  const notTold = facts.notOwed.map(({ channel, why: reason }) => ({
    title: channel.title,
    what: `no message, because ${reason}`,
  }));
  out.push(...grouped([...told, ...notTold]));
  if (at > now) out.push(`${time(at)} is still to come. If no ping comes, its status ${statusToCome(facts, time)}.`);
  return out;
}

function statusToCome({ at, status, lateness }: Facts, time: WriteInstant): string {
  const deadline = lateness?.deadline ?? null;
  return deadline !== null && deadline <= at && (status === 'up' || status === 'new')
    ? `changes from ${status} to down at ${time(deadline)}`
    : `is still ${status} then`;
}

/** One sentence for all of which the same is to be said, where the first of them stands. */
function grouped(lines: readonly { readonly title: string; readonly what: string }[]): string[] {
  const titles = new Map<string, string[]>();
  for (const { title, what } of lines) titles.set(what, [...(titles.get(what) ?? []), title]);
  return [...titles].map(([what, whose]) => `${whose.join(', ')}: ${what}.`);
}

/** @param seen what is to come is what comes after it */
function latenessSentences({ lateness, at, flip }: Facts, seen: Instant, time: WriteInstant): string[] {
  const facts = lateness!;
  const out: string[] = [];
  // What a time-out awaited is as of that time-out.
  const asOf = flip?.reason === 'timeout' ? flip.at : seen;
  if (facts.last_ping !== null) out.push(`The last ping before ${time(asOf)} came at ${time(facts.last_ping)}.`);
  if (facts.last_start !== null) out.push(`A run began at ${time(facts.last_start)}.`);
  if (facts.rule === null) return [...out, at > seen ? 'It awaits nothing.' : 'It awaited nothing.'];
  if (facts.rule === 'timeout' && facts.expected !== null) {
    out.push(`The next one ${facts.expected > seen ? 'is' : 'was'} due at ${time(facts.expected)}.`);
  }
  const ended = facts.held?.deadline ?? facts.deadline;
  if (ended !== null) {
    const toCome = ended > seen;
    out.push(
      facts.rule === 'timeout'
        ? `Grace ${toCome ? 'ends' : 'ended'} at ${time(ended)}.`
        : `The run ${toCome ? 'has' : 'had'} to end by ${time(ended)}.`,
    );
  }
  for (const [from, until] of facts.held?.gaps ?? []) {
    out.push(`Overdue may have missed pings from ${time(from)} until ${time(until)}.`);
  }
  if (facts.held && facts.deadline !== null) out.push(`So it was given until ${time(facts.deadline)}.`);
  if (facts.held && facts.deadline === null) out.push('So nothing is awaited any more.');
  return out;
}

/** What became of a message, without whose it is. */
function messageWords({ state, attempts, error, nextAttemptAt }: ExplainedMessage, time: WriteInstant): string {
  const tries = plural(attempts.length, 'attempt');
  const last = attempts.at(-1);
  switch (state) {
    case 'sent':
      return `delivered at ${time((last?.at ?? 0) + (last?.ms ?? 0))}, after ${tries} (${last?.answer ?? 'OK'})`;
    case 'failed':
      return `given up after ${tries}: ${error}`;
    case 'dropped':
      return `not sent: ${last?.answer || 'not wanted any more'}`;
    default: {
      if (attempts.length === 0) return 'owed, not tried yet';
      const next = nextAttemptAt === null ? '' : `; next at ${time(nextAttemptAt)}`;
      return `not delivered yet after ${tries} (${last!.answer})${next}`;
    }
  }
}

function why(reason: string): string {
  if (reason === 'timeout') return ', because no ping came in time';
  return reason === 'fail' ? ', because a ping reported a failure' : '';
}

/** `2026-11-21 12:34:56 UTC` */
export function inUtc(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
