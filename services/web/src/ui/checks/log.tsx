import { z } from 'zod';
import type { ForCheck } from '../../http/handlers.ts';
import { Link } from '../components/link.tsx';
import { renderFragment, sendPage } from '../components/page.tsx';
import { formatStamp } from '../text/dates.ts';
import { checkTitle } from './check.ts';
import { EventTable } from './event-rows.tsx';
import { type EventFilter, listEvents } from './events.ts';
import { seenState } from './seen.ts';
import { ZoneSwitch, zonesOf } from './zones.tsx';

const PAGE = 200;

const KINDS = [
  ['success', 'Success'],
  ['fail', 'Failure'],
  ['start', 'Started'],
  ['log', 'Log'],
  ['ign', 'Ignored'],
  ['flip', 'Status change'],
  ['alert', 'Alert'],
  ['gap', 'Our outage'],
] as const;

const query = z.object({
  show: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .transform((value) => (value === undefined ? null : Array.isArray(value) ? value : [value]))
    .catch(null),
  until: z.coerce.number().int().positive().max(253_402_300_799_000).optional().catch(undefined),
});

/** The kinds that the address asks for (default: all), and the events of those. */
async function readLog({ check, deps, req }: ForCheck) {
  const { show, until } = query.parse(req.query);
  const shown = new Set(show ?? KINDS.map(([kind]) => kind));
  const filter: EventFilter = {
    pings: (['success', 'fail', 'start', 'log', 'ign'] as const).filter((kind) => shown.has(kind)),
    flips: shown.has('flip'),
    alerts: shown.has('alert'),
    gaps: shown.has('gap'),
    limit: PAGE,
    ...(until === undefined ? {} : { until }),
  };
  return { show, until, shown, events: await listEvents(deps.database.sql, check, filter) };
}

/** GET /checks/C/log_events/: the table of the log page alone, by the same query. */
export async function showLogEvents(visit: ForCheck): Promise<void> {
  const { events } = await readLog(visit);
  const { tz } = zonesOf(visit);
  visit.res.type('html').send(renderFragment(visit, <EventTable check={visit.check} events={events} tz={tz} />));
}

/** GET /checks/C/log/: what happened, newest first, by kind; `until` pages back in time. */
export async function showLog(visit: ForCheck): Promise<void> {
  const { check, access, deps, req } = visit;
  const { show, until, shown, events } = await readLog(visit);
  const [oldest] = await deps.database.sql<{ n: number; created_at: number }[]>`
    select n, created_at from pings where check_id = ${check.id} order by n limit 1`;
  const { tz, choices } = zonesOf(visit);
  const kept = new URLSearchParams([
    ...(show ?? []).map((kind): [string, string] => ['show', kind]),
    ...(typeof req.query.zone === 'string' ? [['zone', tz] as [string, string]] : []),
  ]);
  const older = events.length === PAGE ? events.at(-1)!.at : null;
  await sendPage(visit, {
    title: `Events of ${checkTitle(check)}`,
    section: 'checks',
    access,
    width: 'wide',
    scripts: ['live.js'],
    body: (
      <div
        data-live={until === undefined ? `${visit.site.base}/checks/${check.code}/status/` : undefined}
        data-seen={seenState(check)}
      >
        <p class="crumbs">
          <Link to={`/checks/${check.code}/details/`}>{checkTitle(check)}</Link>
        </p>
        <div class="block-head">
          <h1>Events</h1>
          <ZoneSwitch tz={tz} choices={choices} query={new URLSearchParams(kept).toString()} />
        </div>
        <form method="get" class="log-filters" action={`${visit.site.base}/checks/${check.code}/log/`}>
          {typeof req.query.zone === 'string' && <input type="hidden" name="zone" value={tz} />}
          <fieldset class="choices choices-row">
            <legend class="visually-hidden">Show</legend>
            {KINDS.map(([kind, label]) => (
              <label key={kind} class="choice">
                <input type="checkbox" name="show" value={kind} checked={shown.has(kind)} data-submit-on-change="" />
                <span>{label}</span>
              </label>
            ))}
          </fieldset>
          <input type="hidden" name="show" value="none" />
          <button type="submit" class="button hidden-with-script">
            Filter
          </button>
        </form>
        <div data-live-region="events" id="events">
          {events.length === 0 ? (
            <p class="empty-small">No events {until === undefined ? '' : 'before that '}of the kinds chosen.</p>
          ) : (
            <EventTable check={check} events={events} tz={tz} />
          )}
          <p class="log-foot">
            {until !== undefined && (
              <a class="button" href={`?${kept}`}>
                Newest
              </a>
            )}
            {older !== null && (
              <a class="button" href={`?${withUntil(kept, older)}`}>
                Older
              </a>
            )}
            {oldest && (
              <span class="muted small">
                The oldest ping kept is #{oldest.n}, of {formatStamp(oldest.created_at, tz)}.
              </span>
            )}
          </p>
        </div>
      </div>
    ),
  });
}

function withUntil(kept: URLSearchParams, until: number): string {
  const query = new URLSearchParams(kept);
  query.set('until', String(until));
  return query.toString();
}
