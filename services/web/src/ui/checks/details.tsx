import {
  type Downtime,
  downtimes,
  formatApproximate,
  formatPeriod,
  formatUptime,
  latestPeriods,
  plural,
  tagList,
  uptime,
} from '@overdue/checks';
import { describeSchedule } from '@overdue/schedules';
import type { ForCheck } from '../../http/handlers.ts';
import { type ChannelRow, listChannels } from '../../rows/channel.ts';
import { channelDetail, channelTitle } from '../channels/describe.ts';
import { ChannelIcon } from '../components/channel-icon.tsx';
import { CopyText } from '../components/copy.tsx';
import { Icon, StatusIcon } from '../components/icons.tsx';
import { ButtonLink, Link, PostButton, PostForm } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { formatMonth } from '../text/dates.ts';
import { checkTitle, pingUrl } from './check.ts';
import { EventTable } from './event-rows.tsx';
import { type CheckEvent, listEvents } from './events.ts';
import { type Listed, listed } from './list-query.ts';
import { seenState } from './seen.ts';
import { StatusSentence } from './status-sentence.tsx';
import { withUrlStyle } from './urls.ts';
import { UsageExamples } from './usage.tsx';
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
            <ChannelsBlock visit={visit} channels={channels} on={on} />
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

function StatusBlock(props: {
  readonly visit: ForCheck;
  readonly item: Listed;
  readonly downtime: readonly Downtime[];
}) {
  const { visit, item, downtime } = props;
  const { check, access } = visit;
  return (
    <section class={`block status-block block-${item.status}`} aria-labelledby="h-status">
      <h2 id="h-status" class="visually-hidden">
        Current status
      </h2>
      <div class="status-now" data-live-region="status" id="status-now">
        <StatusIcon status={item.status} started={item.started} size={36} />
        <div>
          <StatusSentence item={item} />
        </div>
      </div>
      <div class="block-actions">
        {pingUrl(visit, access, check) && (
          <PostButton action={`/checks/${check.code}/ping/`} kind="primary">
            <Icon glyph="bolt" /> Ping now
          </PostButton>
        )}
        {access.canWrite &&
          (check.status === 'paused' ? (
            <PostButton action={`/checks/${check.code}/resume/`}>
              <Icon glyph="play" /> Resume
            </PostButton>
          ) : (
            <PostButton action={`/checks/${check.code}/pause/`}>
              <Icon glyph="pause" /> Pause
            </PostButton>
          ))}
        <ButtonLink to={`/checks/${check.code}/explain/`} kind="quiet">
          Why?
        </ButtonLink>
      </div>
      <table class="downtimes" data-live-region="downtimes" id="downtimes">
        <caption class="visually-hidden">Downtime by month</caption>
        <tbody>
          {downtime.map((month) => (
            <tr key={month.start}>
              <th scope="row">{formatMonth(month.start + 86_400_000, visit.session.user.tz)}</th>
              <td>
                {month.no_data
                  ? '–'
                  : month.count === 0
                    ? 'All good'
                    : `${plural(month.count, 'downtime')}, ${formatApproximate(month.downtime_ms)} in all`}
              </td>
              <td class="uptime">{!month.no_data && `${formatUptime(uptime(month))}%`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function HowToPing({ visit }: { readonly visit: ForCheck }) {
  const { check, access, deps } = visit;
  const url = pingUrl(visit, access, check);
  const { show_slugs, ping_key, code } = access.project;
  return (
    <section class="block" aria-labelledby="h-ping">
      <h2 id="h-ping">How to ping</h2>
      <p>
        {check.methods === 'POST' ? 'Send a POST request' : 'Send an HTTP request'} to this address whenever the job has
        run:
      </p>
      {url ? (
        <CopyText text={url} block />
      ) : (
        <p class="notice notice-info">
          This project shows ping URLs by name, and this check has no slug.{' '}
          {access.canWrite && <Link to={`/checks/${check.code}/name/`}>Give it one</Link>}
        </p>
      )}
      {show_slugs && ping_key === null && access.canWrite && (
        <p class="muted small">
          For ping URLs by name the project needs a ping key. <Link to={`/projects/${code}/settings/`}>Create one</Link>
        </p>
      )}
      {deps.config.SMTPD_PORT !== null && (
        <>
          <p>or an e-mail to</p>
          <CopyText text={`${check.code}@${deps.config.PING_EMAIL_DOMAIN}`} block />
        </>
      )}
      <p class="muted small">
        Add <code>/start</code> when it begins, <code>/fail</code> or its exit status when it fails.{' '}
        <Link to="/docs/pings/">More</Link>
      </p>
      {url && <UsageExamples check={check} url={url} />}
      {access.canWrite && (
        <div class="block-actions">
          <ButtonLink to={`/checks/${check.code}/filtering_rules/`}>Filtering rules</ButtonLink>
          <PostButton
            action={`/projects/${code}/urls/`}
            fields={{ show: show_slugs ? 'uuid' : 'slug', check: check.code }}
            kind="quiet"
          >
            Show URLs by {show_slugs ? 'code' : 'name'}
          </PostButton>
        </div>
      )}
    </section>
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

function ChannelsBlock(props: {
  readonly visit: ForCheck;
  readonly channels: readonly ChannelRow[];
  readonly on: ReadonlySet<number>;
}) {
  const { visit, channels, on } = props;
  const { check, access } = visit;
  return (
    <section class="block" aria-labelledby="h-channels">
      <h2 id="h-channels">Who is told</h2>
      {channels.length === 0 ? (
        <p class="notice notice-warning">
          Nobody: this project has no integrations.{' '}
          <Link to={`/projects/${access.project.code}/integrations/`}>Add one</Link>
        </p>
      ) : (
        <ul class="channel-list">
          {channels.map((channel) => (
            <li key={channel.code}>
              <ChannelIcon kind={channel.kind} />
              <span class="channel-words">
                {channelTitle(channel)}
                {channel.name && <small>{channelDetail(channel)}</small>}
                {channel.disabled && <span class="label label-bad">Disabled</span>}
              </span>
              {access.canWrite ? (
                <PostForm action={`/checks/${check.code}/channels/${channel.code}/enabled`} class="inline-form">
                  <button
                    type="submit"
                    name="state"
                    value={on.has(channel.id) ? 'off' : 'on'}
                    class={`switch ${on.has(channel.id) ? 'on' : 'off'}`}
                    aria-pressed={on.has(channel.id)}
                  >
                    {on.has(channel.id) ? 'On' : 'Off'}
                    <span class="visually-hidden">: {channelTitle(channel)}</span>
                  </button>
                </PostForm>
              ) : (
                <span class={`switch ${on.has(channel.id) ? 'on' : 'off'}`}>{on.has(channel.id) ? 'On' : 'Off'}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
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
