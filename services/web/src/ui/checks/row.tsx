import type { Access } from '@overdue/accounts';
import { formatPeriod, formatRunTime, MAX_RUN_MS, tagList } from '@overdue/checks';
import type { CheckRow } from '@overdue/operations';
import type { ChannelRow } from '../../rows/channel.ts';
import { channelTitle } from '../channels/describe.ts';
import { ChannelSign } from '../components/channel-icon.tsx';
import { useVisit } from '../components/context.ts';
import { CopyPingUrl } from '../components/copy.tsx';
import { Icon, StatusIcon } from '../components/icons.tsx';
import { Link } from '../components/link.tsx';
import { Ago } from '../components/time.tsx';
import { checkTitle, pingUrl } from './check.ts';
import type { Listed } from './list-query.ts';
import { rowVersion } from './seen.ts';

const MAX_CHANNEL_ICONS = 10;

export function CheckTableRow(props: {
  readonly item: Listed;
  readonly access: Access;
  readonly channels: readonly ChannelRow[];
  readonly assigned: ReadonlySet<number>;
}) {
  const { item, access, channels, assigned } = props;
  const { check, status, started } = item;
  const visit = useVisit();
  const url = pingUrl(visit, access, check);
  const { base } = visit.site;
  return (
    <tr
      data-check={check.code}
      data-status={status}
      data-v={rowVersion(status, check)}
      data-search-text={`${check.name}\n${check.slug}\n${check.code}`.toLowerCase()}
    >
      <td class="col-status" data-live-part="status">
        <StatusIcon status={status} started={started} />
      </td>
      <td class="col-name">
        <Link to={`/checks/${check.code}/details/`} dir="auto" class={check.name ? 'check-name' : 'check-name unnamed'}>
          {check.name || 'unnamed'}
        </Link>
        <span class="second-line">
          {tagList(check.tags).map((tag) => (
            <bdi key={tag} class="tag" title={tag}>
              {tag}
            </bdi>
          ))}
        </span>
      </td>
      <td class="col-url">{url ? <CopyPingUrl url={url} /> : <span class="muted">no slug</span>}</td>
      <td class="col-channels">
        {channels.length > MAX_CHANNEL_ICONS ? (
          <span class="muted">
            {channels.filter((c) => assigned.has(c.id)).length} of {channels.length}
          </span>
        ) : (
          channels.map((channel) => (
            <ChannelSwitch
              key={channel.code}
              check={check}
              channel={channel}
              on={assigned.has(channel.id)}
              canWrite={access.canWrite}
            />
          ))
        )}
      </td>
      <td class="col-schedule">
        {check.kind === 'simple' ? (
          <span>{formatPeriod(check.timeout)}</span>
        ) : (
          <span class="mono expression" title={`${check.schedule} (${check.tz})`}>
            {check.schedule}
          </span>
        )}
        <span class="second-line">{formatPeriod(check.grace)}</span>
      </td>
      <td class="col-last" data-live-part="last">
        <LastPing check={check} />
      </td>
      <td class="col-actions">
        {access.canWrite &&
          (status === 'paused' ? (
            <RowButton
              action={`${base}/checks/${check.code}/resume/`}
              label={`Resume ${checkTitle(check)}`}
              glyph="play"
            />
          ) : (
            <RowButton
              action={`${base}/checks/${check.code}/pause/`}
              label={`Pause ${checkTitle(check)}`}
              glyph="pause"
            />
          ))}
        <Link
          to={`/checks/${check.code}/details/`}
          class="icon-button"
          title="Details"
          aria-label={`Details of ${checkTitle(check)}`}
        >
          <Icon glyph="more" />
        </Link>
      </td>
    </tr>
  );
}

/** When it was last pinged, and how long the last run took. */
export function LastPing({ check }: { readonly check: CheckRow }) {
  return (
    <>
      {check.last_ping === null ? <span class="muted">Never</span> : <Ago at={check.last_ping} />}
      <span class="second-line">
        {check.has_confirmation_link ? (
          <span
            class="tag"
            title="The last ping’s text has the word “confirm” in it: perhaps somebody has to click a link there."
          >
            confirmation link
          </span>
        ) : (
          check.last_duration_ms !== null &&
          check.last_duration_ms < MAX_RUN_MS && (
            <span class="nowrap">
              <Icon glyph="clock" size={13} /> {formatRunTime(check.last_duration_ms)}
            </span>
          )
        )}
      </span>
    </>
  );
}

function ChannelSwitch(props: {
  readonly check: CheckRow;
  readonly channel: ChannelRow;
  readonly on: boolean;
  readonly canWrite: boolean;
}) {
  const { check, channel, on, canWrite } = props;
  const { base } = useVisit().site;
  const title = `${channelTitle(channel)}: ${on ? 'on' : 'off'}`;
  const state = on ? 'on' : 'off';
  if (!canWrite) {
    return (
      <span class={`channel-switch ${state}`} title={title}>
        <ChannelSign kind={channel.kind} />
        <span class="visually-hidden">{title}</span>
      </span>
    );
  }
  return (
    <button
      type="submit"
      class={`channel-switch ${state}`}
      formaction={`${base}/checks/${check.code}/channels/${channel.code}/enabled`}
      name="state"
      value={on ? 'off' : 'on'}
      aria-pressed={on}
      title={title}
    >
      <ChannelSign kind={channel.kind} />
      <span class="visually-hidden">{channelTitle(channel)}</span>
    </button>
  );
}

function RowButton(props: { readonly action: string; readonly label: string; readonly glyph: 'pause' | 'play' }) {
  return (
    <button type="submit" class="icon-button" formaction={props.action} title={props.label} aria-label={props.label}>
      <Icon glyph={props.glyph} />
    </button>
  );
}
