import type { ForCheck } from '../../http/handlers.ts';
import type { ChannelRow } from '../../rows/channel.ts';
import { channelDetail, channelTitle } from '../channels/describe.ts';
import { ChannelIcon } from '../components/channel-icon.tsx';
import { Link, PostForm } from '../components/link.tsx';

/** The project's integrations, each with a switch for this check. */
export function WhoIsTold(props: {
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
