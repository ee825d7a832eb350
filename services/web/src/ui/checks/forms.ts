import { MAX_SLUG, suggestSlug } from '@overdue/checks';
import { type CheckRow, MAX_NAME, MAX_SECONDS, MAX_TAGS, MIN_SECONDS } from '@overdue/operations';
import { canonicalZone, validateSchedule } from '@overdue/schedules';
import { z } from 'zod';
import type { Values } from '../../http/forms.ts';

/*
 * What the forms about checks take (web-ui.md §8). Bounds are those of the API; the sentences are for people.
 */

const length = (max: number) => (text: string) => [...text].length <= max;

export const nameFields = z.object({
  name: z.string().trim().refine(length(MAX_NAME), `Use at most ${MAX_NAME} characters.`).default(''),
  slug: z
    .string()
    .trim()
    .refine(length(MAX_SLUG), `Use at most ${MAX_SLUG} characters.`)
    .regex(/^[a-z0-9_-]*$/, 'Use only lower-case letters a–z, digits, hyphens and underscores.')
    .default(''),
  tags: z
    .string()
    .transform((tags) =>
      tags
        .split(/[\s,]+/)
        .filter(Boolean)
        .join(' '),
    )
    .refine(length(MAX_TAGS), `Use at most ${MAX_TAGS} characters in all.`)
    .default(''),
  desc: z.string().trim().default(''),
});

export const UNITS = [
  ['60', 'minutes'],
  ['3600', 'hours'],
  ['86400', 'days'],
] as const;

/** Of what was set elsewhere to so many seconds; not offered otherwise. */
export const SECONDS = ['1', 'seconds'] as const;

const SIZES = [...UNITS, SECONDS].map(([size]) => Number(size));

/**
 * The posted fields under our names. Scripts written for Healthchecks send `timeout` and `grace` in seconds, and
 * `schedule`; they count where the fields of our own form are missing.
 */
export function withOwnNames(values: Values): Values {
  const own: Record<string, string> = {};
  for (const name of ['timeout', 'grace'] as const) {
    const given = values[name]?.trim();
    if (given === undefined || values[`${name}_value`] !== undefined) continue;
    Object.assign(own, /^\d{1,9}$/.test(given) ? split(name, Number(given)) : { [`${name}_value`]: given });
  }
  const field = `schedule_${values.kind}`;
  if (values.schedule !== undefined && values[field] === undefined) own[field] = values.schedule;
  return { ...values, ...own };
}

/** Number and unit of a length of time; the posted `NAME_value` and `NAME_unit` become seconds. */
function seconds(values: Values, name: 'timeout' | 'grace', context: z.RefinementCtx): number {
  const text = (values[`${name}_value`] ?? '').trim();
  const unit = Number(values[`${name}_unit`] ?? '60');
  const complain = (message: string) => {
    context.addIssue({ code: 'custom', path: [`${name}_value`], message });
    return 0;
  };
  if (!/^\d{1,9}$/.test(text)) return complain(text === '' ? 'Enter how long.' : 'Enter a whole number.');
  if (!SIZES.includes(unit)) return complain('Choose minutes, hours or days.');
  const result = Number(text) * unit;
  if (result < MIN_SECONDS) return complain('The shortest time is one minute.');
  if (result > MAX_SECONDS) return complain('The longest time is 365 days.');
  return result;
}

export interface ScheduleInput {
  readonly kind: 'simple' | 'cron' | 'oncalendar';
  readonly timeout?: number;
  readonly grace: number;
  readonly schedule?: string;
  readonly tz?: string;
}

/** The fields of the schedule form as columns; those of the kinds that were not chosen are ignored. */
export const scheduleFields = z.record(z.string(), z.string()).transform((values, context): ScheduleInput => {
  const kind = values.kind;
  const grace = seconds(values, 'grace', context);
  if (kind === 'simple') return { kind, grace, timeout: seconds(values, 'timeout', context) };
  if (kind !== 'cron' && kind !== 'oncalendar') {
    context.addIssue({ code: 'custom', path: ['kind'], message: 'Choose one of the kinds of schedule.' });
    return z.NEVER;
  }
  const field = `schedule_${kind}`;
  const schedule = (values[field] ?? '').trim();
  const valid =
    schedule === '' ? { ok: false as const, reason: 'Enter an expression.' } : validateSchedule(kind, schedule);
  if (!valid.ok) context.addIssue({ code: 'custom', path: [field], message: sentence(valid.reason) });
  const tz = canonicalZone((values.tz ?? '').trim());
  if (tz === null || tz === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['tz'],
      message: 'Choose a time zone from the list, such as Europe/Riga.',
    });
    return z.NEVER;
  }
  return { kind, grace, schedule, tz };
});

function sentence(reason: string): string {
  return /[.!?]$/.test(reason) ? reason : `${reason}.`;
}

/** A check as the values of the forms. */
export function valuesOfCheck(
  check: Pick<CheckRow, 'name' | 'slug' | 'tags' | 'desc' | 'kind' | 'timeout' | 'grace' | 'schedule' | 'tz'>,
): Values {
  return {
    name: check.name,
    slug: check.slug,
    tags: check.tags,
    desc: check.desc,
    kind: check.kind,
    ...split('timeout', check.timeout),
    ...split('grace', check.grace),
    schedule_cron: check.kind === 'cron' ? check.schedule : '* * * * *',
    schedule_oncalendar: check.kind === 'oncalendar' ? check.schedule : '*-*-* 08:00:00',
    tz: check.tz,
  };
}

/** In the largest unit that divides the value. */
function split(name: string, secondsLong: number): Values {
  const unit = Math.max(...SIZES.filter((size) => secondsLong % size === 0));
  return { [`${name}_value`]: String(secondsLong / unit), [`${name}_unit`]: String(unit) };
}

/** An empty slug field asks for none, unless the box "from the name" is ticked. */
export function slugOf(values: Values, name: string, slug: string): string {
  return slug === '' && values.slug_from_name ? suggestSlug(name) : slug;
}
