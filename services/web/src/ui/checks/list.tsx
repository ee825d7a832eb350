import { type CheckSort, updatePreferences } from '@overdue/accounts';
import { freeChecks } from '@overdue/operations';
import type { InProject } from '../../http/handlers.ts';
import { type ChannelRow, listChannels } from '../../rows/channel.ts';
import { listChecks } from '../../rows/check.ts';
import { Icon } from '../components/icons.tsx';
import { ButtonLink, Link, PostForm } from '../components/link.tsx';
import { renderFragment, sendPage } from '../components/page.tsx';
import { FilterBar } from './filter-bar.tsx';
import { type Listed, type ListFilters, listed, matches, queryString, readFilters, sorted } from './list-query.ts';
import { CheckTableRow } from './row.tsx';
import { withUrlStyle } from './urls.ts';

/** More would take a browser long to show; those that are down come first. */
const MOST_ROWS = 500;

/** GET /projects/P/checks/ */
export async function showChecks(asked: InProject): Promise<void> {
  const visit = await withUrlStyle(asked);
  const { deps, session, access, req } = visit;
  const { sql } = deps.database;
  const filters = readFilters(req.query);
  if (filters.sort && filters.sort !== session.user.sort) {
    await updatePreferences(sql, session.user.id, { sort: filters.sort });
  }
  const sort = filters.sort ?? session.user.sort;
  const [checks, channels, assigned, free] = await Promise.all([
    listChecks(sql, access.project.id),
    listChannels(sql, access.project.id),
    assignedChannels(visit),
    freeChecks(sql, access.project.id),
  ]);
  const all = listed(checks, visit.now);
  const matching = sorted(all, sort).filter((item) => matches(item, filters));
  const shown = req.query.all === undefined ? matching.slice(0, MOST_ROWS) : matching;
  const down = all.filter((item) => item.status === 'down').length;
  const here = `/projects/${access.project.code}/checks/`;
  await sendPage(visit, {
    title: down > 0 ? `${down} down` : 'Checks',
    section: 'checks',
    access,
    alarm: down > 0,
    width: 'wide',
    scripts: ['live.js', 'list.js'],
    body: (
      <div
        data-live={`${visit.site.base}/projects/${access.project.code}/checks/status/`}
        data-site-name={visit.site.name}
        data-favicon={visit.site.base + visit.site.assets.url('favicon.svg')}
        data-favicon-alarm={visit.site.base + visit.site.assets.url('favicon-down.svg')}
      >
        <h1 class="visually-hidden">Checks</h1>
        {free < 0 && (
          <p class="notice notice-warning">
            This project’s owner has more checks than the account allows. Nothing new can be added.
          </p>
        )}
        {all.length === 0 ? (
          <EmptyState visit={visit} canAdd={access.canWrite && free > 0} />
        ) : (
          <>
            <FilterBar
              here={here}
              filters={filters}
              all={all}
              add={access.canWrite ? { to: `${here}add/${queryString(filters)}`, free } : null}
            />
            {channels.length === 0 && access.canWrite && (
              <p class="notice notice-warning">
                Nobody would be told if a check went down.{' '}
                <Link to={`/projects/${access.project.code}/integrations/`}>Add an integration</Link>
              </p>
            )}
            <CheckTable
              visit={visit}
              here={here + queryString(filters)}
              shown={shown}
              sort={sort}
              filters={filters}
              channels={channels}
              assigned={assigned}
            />
            {shown.length < matching.length && (
              <p class="notice notice-info">
                The first {shown.length} of {matching.length} checks. Filter to see fewer, or{' '}
                <a href={`${queryString(filters) || '?'}&all`}>show all</a>.
              </p>
            )}
            <p class="no-match" data-no-match="" hidden={shown.length > 0}>
              No checks match.
            </p>
          </>
        )}
      </div>
    ),
  });
}

async function assignedChannels(visit: InProject): Promise<ReadonlyMap<number, ReadonlySet<number>>> {
  const rows = await visit.deps.database.sql<{ check_id: number; channel_ids: number[] }[]>`
    select cc.check_id, array_agg(cc.channel_id::int) as channel_ids
    from channel_checks cc join checks c on c.id = cc.check_id
    where c.project_id = ${visit.access.project.id} group by cc.check_id`;
  return new Map(rows.map((row) => [row.check_id, new Set(row.channel_ids)]));
}

function EmptyState({ visit, canAdd }: { readonly visit: InProject; readonly canAdd: boolean }) {
  return (
    <section class="empty">
      <h2>No checks yet</h2>
      <p>
        A check is one job that we watch. It gets a URL; the job requests it whenever it has run. When a request is
        late, we alert you.
      </p>
      {canAdd && (
        <ButtonLink to={`/projects/${visit.access.project.code}/checks/add/`} kind="primary">
          <Icon glyph="plus" /> Add the first check
        </ButtonLink>
      )}
    </section>
  );
}

function CheckTable(props: {
  readonly visit: InProject;
  readonly here: string;
  readonly shown: readonly Listed[];
  readonly sort: CheckSort;
  readonly filters: ListFilters;
  readonly channels: readonly ChannelRow[];
  readonly assigned: ReadonlyMap<number, ReadonlySet<number>>;
}) {
  const { shown, sort, filters, channels, assigned, visit } = props;
  const rows = shown
    .map((item) =>
      renderFragment(
        visit,
        <CheckTableRow
          item={item}
          access={visit.access}
          channels={channels}
          assigned={assigned.get(item.check.id) ?? NONE}
        />,
      ),
    )
    .join('');
  return (
    // One form around the table: each button in it names its own action, so a row costs a few bytes and no scripts.
    <PostForm action={props.here} class="check-list">
      <input type="hidden" name="back" value={props.here} />
      <table class="table checks" data-checks="" hidden={shown.length === 0}>
        <thead>
          <tr>
            <th class="col-status">
              <span class="visually-hidden">Status</span>
            </th>
            <SortHeading label="Name" ascending="name" descending="-name" sort={sort} filters={filters} />
            <th class="col-url">Ping URL</th>
            <th class="col-channels">Integrations</th>
            <th class="col-schedule">
              Period
              <small>Grace</small>
            </th>
            <SortHeading
              label="Last ping"
              ascending="last_ping"
              descending="-last_ping"
              sort={sort}
              filters={filters}
            />
            <th class="col-actions">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        {/* Rendered row by row: one tree of a hundred thousand nodes would keep the garbage collector busy. */}
        <tbody id="rows" data-live-region="" dangerouslySetInnerHTML={{ __html: rows }} />
      </table>
    </PostForm>
  );
}

const NONE: ReadonlySet<number> = new Set();

/** Cycles: this order, the other way round, order of creation (CS-1). */
function SortHeading(props: {
  readonly label: string;
  readonly ascending: CheckSort;
  readonly descending: CheckSort;
  readonly sort: CheckSort;
  readonly filters: ListFilters;
}) {
  const { label, ascending, descending, sort, filters } = props;
  const next: CheckSort = sort === ascending ? descending : sort === descending ? 'created' : ascending;
  const state = sort === ascending ? 'ascending' : sort === descending ? 'descending' : undefined;
  return (
    <th class={`col-${ascending === 'name' ? 'name' : 'last'}`} aria-sort={state ?? 'none'}>
      <a href={queryString(filters, { sort: next })} title="Checks that are down always come first.">
        {label}
        {state && <span class={`sort-arrow ${state}`} aria-hidden="true" />}
      </a>
      {ascending === 'last_ping' && <small>Duration</small>}
    </th>
  );
}
