import type { CheckSort } from '@overdue/accounts';
import { compareNaturally, type DisplayStatus, displayStatus, isStarted, tagList } from '@overdue/checks';
import type { CheckRow } from '@overdue/operations';
import { z } from 'zod';

/** A check as the list shows it. */
export interface Listed {
  readonly check: CheckRow;
  readonly status: DisplayStatus;
  readonly started: boolean;
}

/** What needs somebody comes first. */
export const STATUS_FILTERS = ['down', 'grace', 'started', 'up', 'new', 'paused'] as const;
export type StatusFilter = (typeof STATUS_FILTERS)[number];
const SORTS = ['created', 'name', '-name', 'last_ping', '-last_ping'] as const satisfies readonly CheckSort[];

/** What the query string asks for (CF-1 to CF-5); what it cannot mean is left out. */
export interface ListFilters {
  readonly tags: readonly string[];
  readonly search: string;
  readonly statuses: readonly StatusFilter[];
  /** Null: as the person last chose. */
  readonly sort: CheckSort | null;
}

const many = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]));

const querySchema = z.object({
  tag: many.catch([]),
  status: many.catch([]),
  search: z.string().catch(''),
  sort: z.enum(SORTS).nullable().catch(null),
});

export function readFilters(query: unknown): ListFilters {
  const { tag, status, search, sort } = querySchema.parse(query);
  return {
    tags: [...new Set(tag.filter((t) => t !== ''))],
    // "late" is the word that people see; "grace" is what the API says.
    statuses: STATUS_FILTERS.filter((s) => status.includes(s) || (s === 'grace' && status.includes('late'))),
    search: search.trim(),
    sort,
  };
}

/** The filters as a query string, with `changes`; `''` when there are none. */
export function queryString(filters: ListFilters, changes: Partial<ListFilters> = {}): string {
  const { tags, search, statuses, sort } = { ...filters, sort: null, ...changes };
  const query = new URLSearchParams([
    ...tags.map((tag) => ['tag', tag]),
    ...statuses.map((status) => ['status', status]),
    ...(search ? [['search', search]] : []),
    ...(sort ? [['sort', sort]] : []),
  ]).toString();
  return query === '' ? '' : `?${query}`;
}

export function listed(checks: readonly CheckRow[], now: number): Listed[] {
  return checks.map((check) => ({ check, status: displayStatus(check, now), started: isStarted(check) }));
}

/** Tags: all of them. Statuses: any of them. Search: in name, slug and code, without regard to case. */
export function matches({ check, status, started }: Listed, filters: ListFilters): boolean {
  const tags = tagList(check.tags);
  const text = filters.search.toLowerCase();
  return (
    filters.tags.every((tag) => tags.includes(tag)) &&
    (filters.statuses.length === 0 ||
      filters.statuses.includes(status) ||
      (started && filters.statuses.includes('started'))) &&
    (text === '' || [check.name, check.slug, check.code].some((field) => field.toLowerCase().includes(text)))
  );
}

/** CS-3: what is down comes first; checks that were never pinged are the newest. */
export function sorted(checks: readonly Listed[], sort: CheckSort): Listed[] {
  const lastPing = ({ check }: Listed) => check.last_ping ?? Number.POSITIVE_INFINITY;
  const by: Record<CheckSort, (a: Listed, b: Listed) => number> = {
    created: (a, b) => a.check.id - b.check.id,
    name: (a, b) => compareNaturally(a.check.name, b.check.name),
    '-name': (a, b) => compareNaturally(b.check.name, a.check.name),
    last_ping: (a, b) => compareNumbers(lastPing(a), lastPing(b)),
    '-last_ping': (a, b) => compareNumbers(lastPing(b), lastPing(a)),
  };
  const down = ({ status }: Listed) => (status === 'down' ? 0 : 1);
  return [...checks].sort((a, b) => down(a) - down(b) || by[sort](a, b));
}

/** Infinities are equal to each other; their difference would be no number. */
function compareNumbers(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** How many checks of the project each status filter would show. */
export function statusCounts(checks: readonly Pick<Listed, 'status' | 'started'>[]): Record<StatusFilter, number> {
  const counts: Record<StatusFilter, number> = { new: 0, up: 0, started: 0, grace: 0, down: 0, paused: 0 };
  for (const { status, started } of checks) {
    counts[status]++;
    if (started) counts.started++;
  }
  return counts;
}

export interface TagSummary {
  readonly tag: string;
  readonly total: number;
  readonly down: number;
  readonly late: number;
}

/** The worst status among a tag's checks, and its words: "2 of 5 down". */
export function tagState({ total, down, late }: TagSummary): { state: 'down' | 'grace' | 'up'; words: string } {
  if (down > 0) return { state: 'down', words: `${down} of ${total} down` };
  if (late > 0) return { state: 'grace', words: `${late} of ${total} late` };
  return { state: 'up', words: `${total} up` };
}

/** One entry a tag of the project, without regard to case (CF-1). */
export function tagSummaries(checks: readonly Pick<Listed, 'check' | 'status'>[]): TagSummary[] {
  const summaries = new Map<string, { tag: string; total: number; down: number; late: number }>();
  for (const { check, status } of checks) {
    for (const tag of new Set(tagList(check.tags))) {
      const summary = summaries.get(tag) ?? { tag, total: 0, down: 0, late: 0 };
      summary.total++;
      if (status === 'down') summary.down++;
      if (status === 'grace') summary.late++;
      summaries.set(tag, summary);
    }
  }
  return [...summaries.values()].sort((a, b) => compareNaturally(a.tag, b.tag));
}
