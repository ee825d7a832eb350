import { type Downtime, formatApproximate, formatUptime, plural, uptime } from '@overdue/checks';
import type { ForCheck } from '../../http/handlers.ts';
import { Icon, StatusIcon } from '../components/icons.tsx';
import { ButtonLink, PostButton } from '../components/link.tsx';
import { formatMonth } from '../text/dates.ts';
import { pingUrl } from './check.ts';
import type { Listed } from './list-query.ts';
import { StatusSentence } from './status-sentence.tsx';

/** How the check is, what can be done about it at once, and how it has been. */
export function StatusBlock(props: {
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
