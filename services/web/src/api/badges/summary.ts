import { type DisplayFields, displayStatus, tagList } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import { ALL, type States } from './signature.ts';
import type { BadgeStatus } from './svg.ts';

/** How many checks, and how many of them are late and down (§12.3). */
export interface Summary {
  total: number;
  grace: number;
  down: number;
}

export const NO_CHECKS: Readonly<Summary> = { total: 0, grace: 0, down: 0 };

/** A summary for each tag and, under `*`, for all checks. New, paused and running checks count as up. */
export function summarise(
  checks: Iterable<DisplayFields & { readonly tags: string }>,
  now: Instant,
): Map<string, Summary> {
  const all: Summary = { ...NO_CHECKS };
  const summaries = new Map<string, Summary>([[ALL, all]]);
  for (const check of checks) {
    const status = displayStatus(check, now);
    const counted = [all];
    for (const tag of new Set(tagList(check.tags))) {
      if (tag === ALL) continue; // its badge is the one of all checks
      const summary = summaries.get(tag) ?? { ...NO_CHECKS };
      summaries.set(tag, summary);
      counted.push(summary);
    }
    for (const summary of counted) {
      summary.total++;
      if (status === 'grace') summary.grace++;
      if (status === 'down') summary.down++;
    }
  }
  return summaries;
}

/** @param states 2: a check in its grace time counts as up */
export function badgeStatus({ grace, down }: Summary, states: States): BadgeStatus {
  if (down > 0) return 'down';
  return grace > 0 && states === 3 ? 'late' : 'up';
}
