import { useVisit } from '../components/context.ts';
import { Icon, STATUS_WORDS } from '../components/icons.tsx';
import { ButtonLink } from '../components/link.tsx';
import { type ListFilters, queryString, STATUS_FILTERS, type StatusFilter, type TagSummary } from './list-query.ts';

const WORDS: Readonly<Record<StatusFilter, string>> = { ...STATUS_WORDS, started: 'Running' };

/** Tags, search, status; links and one GET form, so it works without a script. list.js filters as one types. */
export function FilterBar(props: {
  readonly here: string;
  readonly filters: ListFilters;
  readonly tags: readonly TagSummary[];
  readonly add: { readonly to: string; readonly free: number } | null;
}) {
  const { base } = useVisit().site;
  const { filters, tags, add } = props;
  const here = base + props.here;
  const active = filters.tags.length + filters.statuses.length + (filters.search ? 1 : 0) > 0;
  return (
    <div class="filter-bar">
      <search>
        <form method="get" action={here} class="search">
          {filters.tags.map((tag) => (
            <input key={tag} type="hidden" name="tag" value={tag} />
          ))}
          <label class="search-box">
            <Icon glyph="search" />
            <span class="visually-hidden">Search by name, slug or code</span>
            <input type="search" name="search" value={filters.search} placeholder="Search" data-search="" />
          </label>
          <label>
            <span class="visually-hidden">Status</span>
            <select name="status" data-submit-on-change="">
              <option value="">Any status</option>
              {STATUS_FILTERS.map((status) => (
                <option key={status} value={status} selected={filters.statuses.includes(status)}>
                  {WORDS[status]}
                </option>
              ))}
            </select>
          </label>
          <button type="submit" class="button hidden-with-script">
            Filter
          </button>
        </form>
      </search>
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
    </div>
  );
}

function TagChip(props: { readonly here: string; readonly filters: ListFilters; readonly summary: TagSummary }) {
  const { here, filters, summary } = props;
  const { tag, total, down, late } = summary;
  const on = filters.tags.includes(tag);
  const tags = on ? filters.tags.filter((t) => t !== tag) : [...filters.tags, tag];
  const state = down > 0 ? 'down' : late > 0 ? 'grace' : 'up';
  const words = down > 0 ? `${down} of ${total} down` : late > 0 ? `${late} of ${total} late` : `${total} up`;
  return (
    <a
      class={`tag-chip tag-${state}`}
      href={here + queryString(filters, { tags })}
      aria-current={on ? 'true' : undefined}
      title={words}
      data-tag={tag}
    >
      {tag}
      {down > 0 && <b>{down}</b>}
      <span class="visually-hidden">, {words}</span>
    </a>
  );
}
