import { downtimes, formatPeriod, latestPeriods, tagList } from '@overdue/checks';
import { describeSchedule } from '@overdue/schedules';
import type { ForCheck } from '../../http/handlers.ts';
import { listChannels } from '../../rows/channel.ts';
import { ButtonLink, Link, PostButton } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { checkTitle } from './check.ts';
import { EventTable } from './event-rows.tsx';
import { type CheckEvent, listEvents } from './events.ts';
import { HowToPing } from './how-to-ping.tsx';
import { listed } from './list-query.ts';
import { seenState } from './seen.ts';
import { StatusBlock } from './status-block.tsx';
import { withUrlStyle } from './urls.ts';
import { WhoIsTold } from './who-is-told.tsx';
import { ZoneSwitch, zonesOf } from './zones.tsx';

const EVENTS_SHOWN = 30;
const MONTHS = 3;

/** GET /checks/C/details/ */
export async function showCheck(asked: ForCheck): Promise<void> {
  const visit = await withUrlStyle(asked);
  const { check, access, deps, session } = visit;
  const { sql } = deps.database;
  const item = listed([check], visit.now)[0]!;
  const months = latestPeriods('month', MONTHS, visit.now, session.user.tz);
  const [events, flips, channels, assigned] = await Promise.all([
    listEvents(sql, check, {
      pings: ['success', 'start', 'fail', 'log', 'ign'],
      flips: true,
      alerts: true,
      gaps: true,
      limit: EVENTS_SHOWN,
    }),
    sql<{ created_at: number; old_status: string }[]>`
      select created_at, old_status from flips
      where check_id = ${check.id} and created_at > ${months.at(-1)!.start} order by id desc`,
    listChannels(sql, check.project_id),
    sql<{ channel_id: number }[]>`select channel_id from channel_checks where check_id = ${check.id}`,
  ]);
  const on = new Set(assigned.map((row) => row.channel_id));
  const title = checkTitle(check);
  await sendPage(visit, {
    title: item.status === 'down' ? `DOWN – ${title}` : title,
    section: 'checks',
    access,
    alarm: item.status === 'down',
    width: 'wide',
    scripts: ['live.js'],
    body: (
      <div data-live={`${visit.site.base}/checks/${check.code}/status/`} data-seen={seenState(check)}>
        <Heading visit={visit} title={title} />
        <div class="columns">
          <div class="column-narrow">
            <StatusBlock visit={visit} item={item} downtime={downtimes(check, flips, months, visit.now)} />
            <HowToPing visit={visit} />
            <ScheduleBlock visit={visit} />
            <WhoIsTold visit={visit} channels={channels} on={on} />
            {access.canWrite && <MoreActions visit={visit} />}
          </div>
          <EventsBlock visit={visit} events={events} />
        </div>
      </div>
    ),
  });
}

function Heading({ visit, title }: { readonly visit: ForCheck; readonly title: string }) {
  const { check, access } = visit;
  return (
    <header class="page-head">
      <h1 class={check.name ? '' : 'unnamed'} dir="auto">
        {title}
      </h1>
      {access.canWrite && (
        <Link to={`/checks/${check.code}/name/`} class="quiet-link">
          Edit
        </Link>
      )}
      <p class="tags">
        {tagList(check.tags).map((tag) => (
          <bdi key={tag} class="tag">
            {tag}
          </bdi>
        ))}
      </p>
      {check.desc && <Description text={check.desc} />}
    </header>
  );
}

/** Line breaks stay; addresses become links. */
function Description({ text }: { readonly text: string }) {
  const pieces = text.split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/g);
  return (
    <p class="description" dir="auto">
      {pieces.map((piece, i) =>
        i % 2 === 1 ? (
          <a key={i} href={piece} rel="noreferrer nofollow">
            {piece}
          </a>
        ) : (
          piece
        ),
      )}
    </p>
  );
}

function ScheduleBlock({ visit }: { readonly visit: ForCheck }) {
  const { check, access } = visit;
  return (
    <section class="block" aria-labelledby="h-schedule">
      <h2 id="h-schedule">Schedule</h2>
      <dl class="facts">
        {check.kind === 'simple' ? (
          <>
            <dt>Period</dt>
            <dd>{formatPeriod(check.timeout)}</dd>
          </>
        ) : (
          <>
            <dt>{check.kind === 'cron' ? 'Cron' : 'OnCalendar'}</dt>
            <dd>
              <code class="expression-block">{check.schedule}</code>
              <ScheduleWords kind={check.kind} schedule={check.schedule} />
            </dd>
            <dt>Time zone</dt>
            <dd>{check.tz}</dd>
          </>
        )}
        <dt>Grace</dt>
        <dd>{formatPeriod(check.grace)}</dd>
      </dl>
      {access.canWrite && (
        <div class="block-actions">
          <ButtonLink to={`/checks/${check.code}/timeout/`}>Change schedule</ButtonLink>
        </div>
      )}
    </section>
  );
}

function ScheduleWords({ kind, schedule }: { readonly kind: 'cron' | 'oncalendar'; readonly schedule: string }) {
  try {
    return <span class="muted small">{describeSchedule(kind, schedule)}</span>;
  } catch {
    return null; // An expression from another version; it is shown as it is.
  }
}

function MoreActions({ visit }: { readonly visit: ForCheck }) {
  const { code } = visit.check;
  return (
    <section class="block" aria-labelledby="h-more">
      <h2 id="h-more">More</h2>
      <div class="block-actions">
        <PostButton action={`/checks/${code}/copy/`}>Create a copy</PostButton>
        <ButtonLink to={`/checks/${code}/transfer/`}>Move to another project</ButtonLink>
        <ButtonLink to={`/checks/${code}/clear_events/`} kind="danger-quiet">
          Clear events
        </ButtonLink>
        <ButtonLink to={`/checks/${code}/remove/`} kind="danger-quiet">
          Remove
        </ButtonLink>
      </div>
    </section>
  );
}

function EventsBlock({ visit, events }: { readonly visit: ForCheck; readonly events: readonly CheckEvent[] }) {
  const { check } = visit;
  const { tz, choices } = zonesOf(visit);
  return (
    <section class="column-wide block" aria-labelledby="h-events">
      <div class="block-head">
        <h2 id="h-events">Events</h2>
        <ZoneSwitch tz={tz} choices={choices} />
      </div>
      <div data-live-region="events" id="events">
        {events.length === 0 ? (
          <p class="empty-small">Nothing yet. Pings, status changes and alerts appear here as they happen.</p>
        ) : (
          <>
            <EventTable check={check} events={events} tz={tz} />
            <p class="after-table">
              <Link to={`/checks/${check.code}/log/`}>All events</Link>
            </p>
          </>
        )}
      </div>
    </section>
  );
}
