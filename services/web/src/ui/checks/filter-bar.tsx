import { useVisit } from '../components/context.ts';
import { Icon, STATUS_WORDS } from '../components/icons.tsx';
import { ButtonLink } from '../components/link.tsx';
import type { Listed } from './list-query.ts';
import {
  type ListFilters,
  queryString,
  STATUS_FILTERS,
  type StatusFilter,
  statusCounts,
  type TagSummary,
  tagState,
  tagSummaries,
} from './list-query.ts';

const WORDS: Readonly<Record<StatusFilter, string>> = { ...STATUS_WORDS, started: 'Running' };

/**
 * Search, status with counts, tags: links and one GET form, so it works without a script. list.js filters as one types,
 * live.js keeps the counts true.
 */
export function FilterBar(props: {
  readonly here: string;
  readonly filters: ListFilters;
  /** All checks of the project, whatever the filters. */
  readonly all: readonly Listed[];
  readonly add: { readonly to: string; readonly free: number } | null;
}) {
  const { base } = useVisit().site;
  const { filters, all, add } = props;
  const here = base + props.here;
  const tags = tagSummaries(all);
  const active = filters.tags.length + filters.statuses.length + (filters.search ? 1 : 0) > 0;
  return (
    <div class="filter-bar">
      <search>
        <form method="get" action={here} class="search">
          {filters.tags.map((tag) => (
            <input key={tag} type="hidden" name="tag" value={tag} />
          ))}
          {filters.statuses.map((status) => (
            <input key={status} type="hidden" name="status" value={status} />
          ))}
          <label class="search-box">
            <Icon glyph="search" />
            <span class="visually-hidden">Search by name, slug or code</span>
            <input
              type="search"
              name="search"
              value={filters.search}
              placeholder="Search"
              aria-keyshortcuts="/"
              data-search=""
              data-shortcut="/"
            />
            <span class="key" aria-hidden="true">
              /
            </span>
          </label>
          <button type="submit" class="button hidden-with-script">
            Filter
          </button>
        </form>
      </search>
      <StatusChips here={here} filters={filters} all={all} />
      {add && (
        <span class="filter-end">
          {add.free > 0 ? (
            <ButtonLink to={add.to} kind="primary">
              <Icon glyph="plus" /> Add check
            </ButtonLink>
          ) : (
            <span class="muted">No more checks can be added to this account.</span>
          )}
        </span>
      )}
      {tags.length > 0 && (
        <ul class="tag-chips" aria-label="Filter by tag">
          {tags.map((summary) => (
            <li key={summary.tag}>
              <TagChip here={here} filters={filters} summary={summary} />
            </li>
          ))}
        </ul>
      )}
      {active && (
        <a class="clear-filters" href={here}>
          Clear filters
        </a>
      )}
    </div>
  );
}

function StatusChips(props: { readonly here: string; readonly filters: ListFilters; readonly all: readonly Listed[] }) {
  const { here, filters, all } = props;
  const counts = statusCounts(all);
  return (
    <ul class="status-chips" aria-label="Filter by status">
      {STATUS_FILTERS.map((status) => {
        const on = filters.statuses.includes(status);
        const statuses = on ? filters.statuses.filter((s) => s !== status) : [...filters.statuses, status];
        return (
          <li key={status}>
            <a
              class={`status-chip chip-${status} ${counts[status] === 0 ? 'none' : ''}`}
              href={here + queryString(filters, { statuses })}
              aria-current={on ? 'true' : undefined}
              data-status-chip={status}
            >
              {WORDS[status]} <b>{counts[status]}</b>
            </a>
          </li>
        );
      })}
    </ul>
  );
}

function TagChip(props: { readonly here: string; readonly filters: ListFilters; readonly summary: TagSummary }) {
  const { here, filters, summary } = props;
  const { tag, down } = summary;
  const on = filters.tags.includes(tag);
  const tags = on ? filters.tags.filter((t) => t !== tag) : [...filters.tags, tag];
  const { state, words } = tagState(summary);
  return (
    <a
      class={`tag-chip tag-${state}`}
      href={here + queryString(filters, { tags })}
      aria-current={on ? 'true' : undefined}
      title={`${tag}: ${words}`}
      data-tag={tag}
    >
      <bdi>{tag}</bdi>
      <b>{down > 0 ? down : ''}</b>
      <span class="visually-hidden">, {words}</span>
    </a>
  );
}
