import { formatRunTime } from '@overdue/checks';
import type { ForCheck } from '../../http/handlers.ts';
import { notFound } from '../../http/http-error.ts';
import { Link } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { formatStamp } from '../text/dates.ts';
import { checkTitle } from './check.ts';
import { pingLabel, pingSource } from './event-rows.tsx';
import { findPing, type PingDetails } from './events.ts';
import { PingBody } from './ping-body.tsx';
import { zonesOf } from './zones.tsx';

async function pingOf(visit: ForCheck): Promise<PingDetails> {
  const n = String(visit.req.params.n);
  if (!/^\d{1,15}$/.test(n)) throw notFound();
  const ping = await findPing(visit.deps.database.sql, visit.check.id, Number(n));
  if (!ping) throw notFound();
  return ping;
}

/** GET /checks/C/pings/N/: everything that is known of one ping (DP-2 to DP-4). */
export async function showPing(visit: ForCheck): Promise<void> {
  const { check, access } = visit;
  const ping = await pingOf(visit);
  const [beside] = await visit.deps.database.sql<{ older: number | null; newer: number | null }[]>`
    select (select max(n) from pings where check_id = ${check.id} and n < ${ping.n}) as older,
           (select min(n) from pings where check_id = ${check.id} and n > ${ping.n}) as newer`;
  const label = pingLabel(ping);
  const { choices } = zonesOf(visit);
  await sendPage(visit, {
    title: `Ping #${ping.n} of ${checkTitle(check)}`,
    section: 'checks',
    access,
    body: (
      <>
        <p class="crumbs">
          <Link to={`/checks/${check.code}/details/`}>{checkTitle(check)}</Link>
        </p>
        <div class="ping-head">
          <h1>
            Ping #{ping.n} <span class={`label label-${label.tone}`}>{label.text}</span>
          </h1>
          <nav class="neighbours" aria-label="Other pings">
            {beside?.older != null && (
              <Link to={`/checks/${check.code}/pings/${beside.older}/`} class="button">
                ← #{beside.older}
              </Link>
            )}
            {beside?.newer != null && (
              <Link to={`/checks/${check.code}/pings/${beside.newer}/`} class="button">
                #{beside.newer} →
              </Link>
            )}
          </nav>
        </div>
        <dl class="facts facts-wide">
          <dt>Received</dt>
          <dd>
            {choices.map((tz) => (
              <div key={tz}>{formatStamp(ping.at, tz)}</div>
            ))}
          </dd>
          <dt>Source</dt>
          <dd>{pingSource(ping)}</dd>
          {ping.duration !== null && (
            <>
              <dt>Duration</dt>
              <dd>{formatRunTime(ping.duration)}</dd>
            </>
          )}
          {ping.exit_status !== null && (
            <>
              <dt>Exit status</dt>
              <dd>{ping.exit_status}</dd>
            </>
          )}
          {ping.rid && (
            <>
              <dt>Run id</dt>
              <dd class="mono">{ping.rid}</dd>
            </>
          )}
          {ping.ua && (
            <>
              <dt>User agent</dt>
              <dd class="mono">{ping.ua}</dd>
            </>
          )}
        </dl>
        <h2>Body</h2>
        <PingBody visit={visit} ping={ping} />
      </>
    ),
  });
}

/** GET /checks/C/pings/N/body/: the bytes as they came, never shown in the page's origin. */
export async function downloadBody(visit: ForCheck): Promise<void> {
  const ping = await pingOf(visit);
  if (ping.body === null) throw notFound();
  visit.res
    .set({
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Disposition': `attachment; filename="${visit.check.code}-${ping.n}.txt"`,
      'Content-Security-Policy': "default-src 'none'; sandbox",
    })
    .send(ping.body);
}

/** GET /checks/C/last_ping/: the newest success or failure. */
export async function showLastPing(visit: ForCheck): Promise<void> {
  const [row] = await visit.deps.database.sql<{ n: number }[]>`
    select n from pings where check_id = ${visit.check.id} and kind in ('success', 'fail') order by n desc limit 1`;
  if (!row) throw notFound();
  visit.res.redirect(302, `${visit.site.base}/checks/${visit.check.code}/pings/${row.n}/`);
}
