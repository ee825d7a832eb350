import { formatApproximate } from '@overdue/checks';
import type { SignedIn } from '../../http/handlers.ts';
import { notFound } from '../../http/http-error.ts';
import { sendPage } from '../components/page.tsx';
import { Ago } from '../components/time.tsx';
import { formatStamp } from '../text/dates.ts';

/** A service that was silent for longer does not count as alive, in milliseconds. */
const ALIVE_MS = 10_000;

const SERVICES = [
  ['ingester', 'takes pings'],
  ['web', 'these pages and the API'],
  ['sendalerts', 'finds late checks, delivers alerts'],
  ['sendreports', 'mails reports and reminders, keeps house'],
] as const;

interface InstanceRow {
  readonly id: string;
  readonly service: string;
  readonly host: string;
  readonly pid: number;
  readonly started_at: number;
  readonly silent_ms: number;
  readonly lag_ms: number | null;
  readonly info: Record<string, unknown>;
}

interface Deliveries {
  readonly owed: number;
  readonly retrying: number;
  readonly oldest: number | null;
  /** Within a day. */
  readonly failed: number;
}

interface Gap {
  readonly from_at: number;
  readonly until_at: number | null;
  readonly checks_held: number;
}

interface Contents {
  readonly checks: number;
  readonly down: number;
  readonly projects: number;
  readonly users: number;
  /** Of the database, in words. */
  readonly size: string;
  /** PostgreSQL's. */
  readonly version: string;
}

/** GET /instance/: how the installation is, for superusers; for everybody else it does not exist. */
export async function showInstance(visit: SignedIn): Promise<void> {
  if (!visit.session.user.is_superuser) throw notFound();
  const { sql } = visit.deps.database;
  const [instances, [deliveries], gaps, [contents]] = await Promise.all([
    sql<InstanceRow[]>`
      select id, service, host, pid, started_at, info,
             (extract(epoch from now() - seen_at) * 1000)::float8 as silent_ms,
             (extract(epoch from now() - watermark) * 1000)::float8 as lag_ms
      from instances
      where (stopped_at is null or seen_at > stopped_at)
        and (service = 'ingester' or seen_at > now() - interval '1 hour')
      order by service, started_at`,
    sql<Deliveries[]>`
      select count(*) filter (where state = 'owed')::int as owed,
             count(*) filter (where state = 'owed' and attempts > 0)::int as retrying,
             min(created_at) filter (where state = 'owed') as oldest,
             count(*) filter (where state = 'failed' and finished_at > now() - interval '1 day')::int as failed
      from notifications where state = 'owed' or finished_at > now() - interval '1 day'`,
    sql<Gap[]>`select from_at, until_at, checks_held from gaps order by from_at desc limit 10`,
    sql<Contents[]>`
      select (select count(*)::int from checks) as checks,
             (select count(*)::int from checks where status = 'down') as down,
             (select count(*)::int from projects) as projects, (select count(*)::int from users) as users,
             pg_size_pretty(pg_database_size(current_database())) as size,
             current_setting('server_version') as version`,
  ]);
  await sendPage(visit, {
    title: 'This installation',
    section: 'instance',
    body: (
      <>
        <h1>This installation</h1>
        <section class="panel" aria-labelledby="h-services">
          <h2 id="h-services">Services</h2>
          <table class="table stacked">
            <thead>
              <tr>
                <th>Service</th>
                <th>State</th>
                <th>Where</th>
                <th>Since</th>
                <th>Says</th>
              </tr>
            </thead>
            <tbody>{SERVICES.flatMap(([service, what]) => serviceRows(service, what, instances))}</tbody>
          </table>
        </section>
        <DeliveriesPanel deliveries={deliveries!} />
        <GapsPanel gaps={gaps} tz={visit.session.user.tz} />
        <ContentsPanel contents={contents!} />
      </>
    ),
  });
}

function serviceRows(service: string, what: string, instances: readonly InstanceRow[]) {
  const rows = instances.filter((row) => row.service === service);
  if (rows.length === 0) {
    return [
      <tr key={service}>
        <th scope="row">
          {service} <small class="muted">{what}</small>
        </th>
        <td>
          <span class="label label-bad">Not running</span>
        </td>
        <td />
        <td />
        <td />
      </tr>,
    ];
  }
  return rows.map((row) => (
    <tr key={row.id}>
      <th scope="row">
        {service} <small class="muted">{what}</small>
      </th>
      <td>
        {row.silent_ms < ALIVE_MS ? (
          <span class="label label-good">Alive</span>
        ) : (
          <span class="label label-bad">Silent for {Math.round(row.silent_ms / 1000)} s</span>
        )}
      </td>
      <td>
        {row.host} <small class="muted">pid {row.pid}</small>
      </td>
      <td>
        <Ago at={row.started_at} />
      </td>
      <td class="small">
        {row.lag_ms !== null && `pings committed up to ${Math.max(0, row.lag_ms / 1000).toFixed(1)} s ago`}
        {Object.entries(FACTS).map(([name, inWords]) => {
          const said = inWords(row.info[name]);
          return said !== null && <div key={name}>{said}</div>;
        })}
        {service === 'ingester' && row.silent_ms >= ALIVE_MS && (
          <div>
            Gone for good, and its spool with it: <code>overdue instances dismiss {row.id}</code>
          </div>
        )}
      </td>
    </tr>
  ));
}

/** What services tell of themselves with each sign of life, by name: as a line, or null for nothing worth saying. */
const FACTS: Readonly<Record<string, (value: unknown) => string | null>> = {
  judged_until: (at) => (typeof at === 'number' ? `checks judged up to ${formatStamp(at, 'UTC')}` : null),
  spooling_since: (at) => (typeof at === 'number' ? `holds pings since ${formatStamp(at, 'UTC')}` : null),
  backlog: (waiting) => (waiting === true ? 'late checks wait to be judged' : null),
  problems: (problems) => (Array.isArray(problems) && problems.length > 0 ? problems.map(String).join(' ') : null),
};

function DeliveriesPanel({ deliveries: { owed, retrying, oldest, failed } }: { readonly deliveries: Deliveries }) {
  return (
    <section class="panel" aria-labelledby="h-queue">
      <h2 id="h-queue">Deliveries</h2>
      <dl class="facts">
        <dt>Owed</dt>
        <dd>
          {owed}
          {retrying > 0 && `, of them ${retrying} after a failed attempt`}
        </dd>
        {oldest !== null && (
          <>
            <dt>Oldest</dt>
            <dd>
              <Ago at={oldest} />
            </dd>
          </>
        )}
        <dt>Failed in a day</dt>
        <dd>{failed}</dd>
      </dl>
    </section>
  );
}

function GapsPanel({ gaps, tz }: { readonly gaps: readonly Gap[]; readonly tz: string }) {
  return (
    <section class="panel" aria-labelledby="h-gaps">
      <h2 id="h-gaps">Gaps</h2>
      <p class="muted">
        Times in which no ingester was taking pings, or whose pings may be lost with one. Checks that were due in one
        are not declared down for it.
      </p>
      {gaps.length === 0 ? (
        <p>None.</p>
      ) : (
        <table class="table">
          <thead>
            <tr>
              <th>From</th>
              <th>Length</th>
              <th>Checks spared</th>
            </tr>
          </thead>
          <tbody>
            {gaps.map((gap) => (
              <tr key={gap.from_at}>
                <td>{formatStamp(gap.from_at, tz)}</td>
                <td>
                  {gap.until_at === null ? <strong>still open</strong> : formatApproximate(gap.until_at - gap.from_at)}
                </td>
                <td>{gap.checks_held}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function ContentsPanel({ contents }: { readonly contents: Contents }) {
  return (
    <section class="panel" aria-labelledby="h-counts">
      <h2 id="h-counts">Contents</h2>
      <dl class="facts">
        <dt>Checks</dt>
        <dd>
          {contents.checks}, {contents.down} of them down
        </dd>
        <dt>Projects</dt>
        <dd>{contents.projects}</dd>
        <dt>Accounts</dt>
        <dd>{contents.users}</dd>
        <dt>Database</dt>
        <dd>
          {contents.size}, PostgreSQL {contents.version}
        </dd>
      </dl>
    </section>
  );
}
