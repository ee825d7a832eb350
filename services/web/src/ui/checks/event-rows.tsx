import { formatRunTime, formatSentence } from '@overdue/checks';
import type { CheckRow } from '@overdue/operations';
import { channelTitle } from '../channels/describe.ts';
import { useVisit } from '../components/context.ts';
import { Icon } from '../components/icons.tsx';
import { Link } from '../components/link.tsx';
import { formatDay, formatStamp, formatTime } from '../text/dates.ts';
import type { AlertEvent, CheckEvent, FlipEvent, PingEvent } from './events.ts';
import type { GapEvent } from './gaps.ts';

/** A ping's label and its colour class, in the order of precedence of web-ui.md LG-3. */
export function pingLabel(ping: Pick<PingEvent, 'kind' | 'exit_status'>): { text: string; tone: string } {
  if (ping.kind === 'ign') return { text: 'Ignored', tone: 'neutral' };
  if (ping.kind === 'fail') {
    return ping.exit_status ? { text: `Status ${ping.exit_status}`, tone: 'bad' } : { text: 'Failure', tone: 'bad' };
  }
  if (ping.kind === 'start') return { text: 'Started', tone: 'start' };
  if (ping.kind === 'log') return { text: 'Log', tone: 'neutral' };
  return { text: 'OK', tone: 'good' };
}

export function EventTable(props: {
  readonly check: CheckRow;
  readonly events: readonly CheckEvent[];
  readonly tz: string;
}) {
  return (
    <table class="table events">
      <colgroup>
        <col class="event-n" />
        <col class="event-day" />
        <col class="event-time" />
        <col class="event-label" />
        <col />
      </colgroup>
      <thead class="visually-hidden">
        <tr>
          <th>Number</th>
          <th>Day</th>
          <th>Time</th>
          <th>Event</th>
          <th>Details</th>
        </tr>
      </thead>
      <tbody>
        {props.events.map((event) =>
          event.type === 'ping' ? (
            <PingRow key={`p${event.n}`} check={props.check} ping={event} tz={props.tz} />
          ) : event.type === 'flip' ? (
            <FlipRow key={`f${event.id}`} check={props.check} flip={event} tz={props.tz} />
          ) : event.type === 'gap' ? (
            <GapRow key={`g${event.id}`} check={props.check} gap={event} tz={props.tz} />
          ) : (
            <AlertRow key={`a${event.id}`} alert={event} tz={props.tz} />
          ),
        )}
      </tbody>
    </table>
  );
}

function When({ at, tz }: { readonly at: number; readonly tz: string }) {
  const { now } = useVisit();
  return (
    <>
      <td class="event-day">{formatDay(at, tz, now)}</td>
      <td class="event-time">
        <time dateTime={new Date(at).toISOString()} title={formatStamp(at, tz)}>
          {formatTime(at, tz)}
        </time>
      </td>
    </>
  );
}

function PingRow({ check, ping, tz }: { readonly check: CheckRow; readonly ping: PingEvent; readonly tz: string }) {
  const label = pingLabel(ping);
  return (
    <tr class="event-ping" id={`ping-${ping.n}`}>
      <td class="event-n">
        <Link to={`/checks/${check.code}/pings/${ping.n}/`}>#{ping.n}</Link>
      </td>
      <When at={ping.at} tz={tz} />
      <td class="event-label">
        <span class={`label label-${label.tone}`}>{label.text}</span>
      </td>
      <td class="event-details">
        <div class="event-line">
          {ping.rid && (
            <span class="chip mono" title={`Run id ${ping.rid}`}>
              {ping.rid.slice(0, 5)}
            </span>
          )}
          <span class="event-source">{pingSource(ping)}</span>
          {ping.start_of_body !== null && <span class="event-body mono">{ping.start_of_body}</span>}
          {ping.ua && <span class="event-ua mono">{ping.ua.slice(0, 80)}</span>}
          {ping.duration !== null && (
            <span class="event-duration">
              <Icon glyph="clock" size={13} /> {formatRunTime(ping.duration)}
            </span>
          )}
        </div>
      </td>
    </tr>
  );
}

/** "HTTPS POST from 10.0.0.1", or what an e-mail says of its sender. */
export function pingSource(ping: Pick<PingEvent, 'scheme' | 'method' | 'remote_addr' | 'ua'>): string {
  const from = ping.remote_addr ? ` from ${ping.remote_addr}` : '';
  if (ping.scheme === 'email') return `Email${from}`;
  return `${ping.scheme.toUpperCase()} ${ping.method}${from}`;
}

function FlipRow({ check, flip, tz }: { readonly check: CheckRow; readonly flip: FlipEvent; readonly tz: string }) {
  const why =
    flip.reason === 'timeout' ? ' (no ping in time)' : flip.reason === 'fail' ? ' (a failure was reported)' : '';
  return (
    <tr class={`event-flip flip-${flip.new_status}`}>
      <td class="event-n" />
      <When at={flip.at} tz={tz} />
      <td class="event-label" colSpan={2}>
        <span class="event-status">
          Status: {flip.old_status} → <strong>{flip.new_status}</strong>
          {why}
        </span>
        <Link
          to={`/checks/${check.code}/explain/?at=${flip.at}`}
          class="event-why"
          aria-label={`Why ${flip.new_status}?`}
        >
          Why?
        </Link>
      </td>
    </tr>
  );
}

function GapRow({ check, gap, tz }: { readonly check: CheckRow; readonly gap: GapEvent; readonly tz: string }) {
  const { now } = useVisit();
  return (
    <tr class="event-gap">
      <td class="event-n">
        <Icon glyph="clock" size={15} />
      </td>
      <When at={gap.at} tz={tz} />
      <td class="event-label" colSpan={2}>
        Overdue {gap.until_at === null ? 'has not been receiving' : 'may have missed'} pings for{' '}
        {formatSentence((gap.until_at ?? now) - gap.from_at)}; that is not held against this check.
        <Link to={`/checks/${check.code}/explain/?at=${gap.at}`} class="event-why">
          More
        </Link>
      </td>
    </tr>
  );
}

const ALERT_STATES: Readonly<Record<AlertEvent['state'], string>> = {
  owed: 'being delivered',
  sent: 'delivered',
  failed: 'not delivered',
  dropped: 'not sent',
};

function AlertRow({ alert, tz }: { readonly alert: AlertEvent; readonly tz: string }) {
  const title = channelTitle({ kind: alert.channel_kind, name: alert.channel_name, value: alert.channel_value });
  return (
    <tr class={`event-alert alert-${alert.state}`}>
      <td class="event-n">
        <Icon glyph="alert" size={15} />
      </td>
      <When at={alert.at} tz={tz} />
      <td class="event-label" colSpan={2}>
        “{alert.check_status}” to {title}: {ALERT_STATES[alert.state]}
        {alert.attempts > 1 && ` after ${alert.attempts} attempts`}
        {alert.error && <strong class="event-error"> {alert.error}</strong>}
      </td>
    </tr>
  );
}
