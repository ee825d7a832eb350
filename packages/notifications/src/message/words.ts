import { formatPeriod, formatSentence, uniqueKey } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import { ago } from './ago.ts';
import type { CheckFacts, Facts, LastPing } from './facts.ts';

/** NAME: what the check is called; its UUID when it has no name. */
export function checkName(check: Pick<CheckFacts, 'name' | 'code'>): string {
  return check.name || check.code;
}

/** REASON of a down flip in words, to go into parentheses or after a comma; empty when there is none. */
export function reason(facts: Pick<Facts, 'flip'>): string {
  if (facts.flip.newStatus !== 'down') return '';
  if (facts.flip.reason === 'timeout') return 'success signal did not arrive on time, grace time passed';
  return facts.flip.reason === 'fail' ? 'received a failure signal' : '';
}

/** DOWNTIME of an up flip: `3 days, 1 hour`; empty when unknown. */
export function downtime(facts: Pick<Facts, 'flip' | 'downSince' | 'test'>): string {
  if (facts.flip.newStatus !== 'up' || facts.downSince === null || facts.test) return '';
  return formatSentence(facts.flip.at - facts.downSince);
}

/** CLOAKED: the check's page by its unique key, which does not tell the UUID. */
export function cloakedUrl(siteRoot: string, check: Pick<CheckFacts, 'code'>): string {
  return `${siteRoot}/cloaked/${uniqueKey(check.code)}/`;
}

/** PERIOD for simple checks, else the schedule. */
export function schedule(check: CheckFacts): { label: 'Period' | 'Schedule'; value: string; tz: string | null } {
  if (check.kind === 'simple') return { label: 'Period', value: formatPeriod(check.timeout), tz: null };
  return { label: 'Schedule', value: check.schedule, tz: check.tz };
}

/** `Success`, `Failure`, `Exit status 3`, `Start`, `Log` or `Ignored`. */
export function pingType(ping: Pick<LastPing, 'kind' | 'exitStatus'>): string {
  switch (ping.kind) {
    case 'ign':
      return 'Ignored';
    case 'start':
      return 'Start';
    case 'log':
      return 'Log';
    case 'fail':
      return ping.exitStatus ? `Exit status ${ping.exitStatus}` : 'Failure';
    default:
      return 'Success';
  }
}

/** KIND-AGO: `Success, 10 minutes ago`. */
export function pingTypeAndAge(ping: LastPing, now: Instant): string {
  return `${pingType(ping)}, ${ago(ping.at, now)}`;
}

/** `Sat, 21 Nov 2026 11:30:00 +0200`: RFC 5322 in a zone; in UTC when there is no such zone any more. */
export function mailDate(at: Instant, tz: string): string {
  const parts = Object.fromEntries(
    mailDateFormat(tz)
      .formatToParts(at)
      .map((part) => [part.type, part.value]),
  );
  const month = parts.month!.slice(0, 3);
  const offset = /([+-]\d\d):(\d\d)/.exec(parts.timeZoneName ?? '');
  const zone = offset ? offset[1]! + offset[2]! : '+0000';
  return `${parts.weekday}, ${parts.day} ${month} ${parts.year} ${parts.hour}:${parts.minute}:${parts.second} ${zone}`;
}

function mailDateFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
  } catch {
    return mailDateFormat('UTC');
  }
}

/** `2026-11-21T09:30:00+00:00`: UTC to the second, as the API prints instants. */
export function isoSeconds(at: Instant): string {
  return `${new Date(Math.floor(at / 1000) * 1000).toISOString().slice(0, 19)}+00:00`;
}
