import { plural } from '@overdue/checks';
import { type DeadLetter, deadLetters, findKind, KINDS } from '@overdue/notifications';
import type { InProject } from '../../http/handlers.ts';
import { type ChannelRow, listChannels } from '../../rows/channel.ts';
import { ChannelIcon } from '../components/channel-icon.tsx';
import { ButtonLink, Link, PostButton } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { Ago } from '../components/time.tsx';
import { channelDetail, channelTitle, kindLabel } from './describe.ts';

/** GET /projects/P/integrations/ */
export async function showChannels(visit: InProject): Promise<void> {
  const { deps, access, site } = visit;
  const { sql } = deps.database;
  const { options } = site.messages.delivery;
  const [channels, [total], assigned, givenUp] = await Promise.all([
    listChannels(sql, access.project.id),
    sql<{ n: number }[]>`select count(*)::int as n from checks where project_id = ${access.project.id}`,
    sql<{ channel_id: number; n: number }[]>`
      select cc.channel_id, count(*)::int as n from channel_checks cc join channels c on c.id = cc.channel_id
      where c.project_id = ${access.project.id} group by cc.channel_id`,
    deadLetters(sql, access.project.id, 20),
  ]);
  const counts = new Map(assigned.map((row) => [row.channel_id, row.n]));
  await sendPage(visit, {
    title: 'Integrations',
    section: 'integrations',
    access,
    width: 'wide',
    body: (
      <>
        <h1>Integrations</h1>
        {channels.length === 0 ? (
          <p class="notice notice-warning">This project has no integrations: when a check goes down, nobody is told.</p>
        ) : (
          <ul class="channels">
            {channels.map((channel) => (
              <ChannelItem
                key={channel.code}
                visit={visit}
                channel={channel}
                assigned={counts.get(channel.id) ?? 0}
                total={total?.n ?? 0}
              />
            ))}
          </ul>
        )}
        {givenUp.length > 0 && <GivenUp visit={visit} messages={givenUp} channels={channels} />}
        {access.canWrite && (
          <section class="add-more" aria-labelledby="h-add">
            <h2 id="h-add">{channels.length === 0 ? 'Add an integration' : 'Add more'}</h2>
            <ul class="kinds">
              {KINDS.filter((kind) => kind.form !== null && kind.enabled(options)).map((kind) => (
                <li key={kind.kind}>
                  <ChannelIcon kind={kind.kind} />
                  <span class="kind-words">
                    <strong>{kind.label}</strong>
                    <small>{kind.blurb}</small>
                  </span>
                  <Link
                    to={`/projects/${access.project.code}/add_${kind.addPath ?? kind.kind}/`}
                    class="button"
                    aria-label={`Add ${kind.label}`}
                  >
                    Add
                  </Link>
                </li>
              ))}
            </ul>
          </section>
        )}
        {deps.config.PROMETHEUS_ENABLED && (
          <p class="muted after-table">
            With a Prometheus of your own:{' '}
            <Link to={`/projects/${access.project.code}/add_prometheus/`}>let it fetch this project’s metrics</Link>.
          </p>
        )}
      </>
    ),
  });
}

function ChannelItem(props: {
  readonly visit: InProject;
  readonly channel: ChannelRow;
  readonly assigned: number;
  readonly total: number;
}) {
  const { visit, channel, assigned, total } = props;
  const { canWrite } = visit.access;
  const to = `/integrations/${channel.code}`;
  return (
    <li class="channel">
      <ChannelIcon kind={channel.kind} />
      <div class="channel-words">
        <strong dir="auto">{channelTitle(channel)}</strong>
        {channel.name && <small>{channelDetail(channel)}</small>}
      </div>
      <div class="channel-assigned">
        {canWrite ? (
          <Link to={`${to}/checks/`}>
            {assigned} of {total} checks
          </Link>
        ) : (
          <span>
            {assigned} of {total} checks
          </span>
        )}
      </div>
      <div class="channel-state">
        <ChannelState channel={channel} />
      </div>
      <div class="channel-actions">
        <PostButton action={`${to}/test/`}>Send test</PostButton>
        {canWrite && findKind(channel.kind)?.form?.editable && (
          <ButtonLink to={`${to}/edit/`}>{channel.disabled && channel.kind === 'email' ? 'Fix…' : 'Edit'}</ButtonLink>
        )}
        {canWrite && (
          <ButtonLink to={`${to}/remove/`} kind="danger-quiet">
            Remove
          </ButtonLink>
        )}
      </div>
    </li>
  );
}

/** Whether it can deliver, and how the last time went (IG-2). */
function ChannelState({ channel }: { readonly channel: ChannelRow }) {
  return (
    <>
      {channel.disabled ? (
        <span class="label label-bad">Disabled</span>
      ) : channel.kind === 'email' && !channel.email_verified ? (
        <span class="label label-neutral">Unconfirmed</span>
      ) : channel.last_error ? (
        <span class="label label-bad">Failing</span>
      ) : (
        <span class="label label-start">Ready</span>
      )}
      <small>
        {channel.last_notify === null ? (
          channel.last_error || 'Nothing delivered yet'
        ) : channel.last_error ? (
          <>
            Failed <Ago at={channel.last_notify} />: <span class="event-error">{channel.last_error}</span>
          </>
        ) : (
          <>
            Delivered <Ago at={channel.last_notify} />
          </>
        )}
      </small>
    </>
  );
}

/** Messages that could not be delivered, to send them again once the receiver is back. */
function GivenUp(props: {
  readonly visit: InProject;
  readonly messages: readonly DeadLetter[];
  readonly channels: readonly ChannelRow[];
}) {
  const { visit, messages } = props;
  const { access } = visit;
  const resendPath = `/projects/${access.project.code}/resend/`;
  const channels = new Map(props.channels.map((channel) => [channel.code, channel]));
  const isOff = (message: DeadLetter) => channels.get(message.channelCode)?.disabled === true;
  const sendable = messages.filter((message) => !isOff(message));
  const titleOf = (message: DeadLetter) => {
    const channel = channels.get(message.channelCode);
    return channel ? channelTitle(channel) : message.channelName || kindLabel(message.channelKind);
  };
  return (
    <section class="given-up" aria-labelledby="h-given-up">
      <div class="block-head">
        <h2 id="h-given-up">Not delivered</h2>
        {access.canWrite && sendable.length > 1 && (
          <PostButton action={resendPath} fields={{ message: sendable.map((message) => message.id).join(' ') }}>
            Send all {sendable.length} again
          </PostButton>
        )}
      </div>
      <ul>
        {messages.map((message) => (
          <li key={message.id}>
            <span>
              “{message.checkStatus}” of{' '}
              <Link to={`/checks/${message.checkCode}/details/`}>{message.checkName || 'an unnamed check'}</Link> to{' '}
              {titleOf(message)}, given up <Ago at={message.finishedAt} /> after {plural(message.attempts, 'attempt')}:{' '}
              <span class="event-error">{message.error}</span>
            </span>
            {access.canWrite &&
              (isOff(message) ? (
                <span class="muted">The integration is switched off.</span>
              ) : (
                <PostButton action={resendPath} fields={{ message: String(message.id) }}>
                  Send again
                </PostButton>
              ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
