import type { Visit } from '../../http/visit.ts';
import { previewOf } from '../checks/preview.tsx';
import { NEW_SCHEDULE, ScheduleFields } from '../checks/schedule-fields.tsx';
import { Link } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { DocsFrame } from './frame.tsx';

const EXAMPLES = [
  ['* * * * *', 'every minute'],
  ['*/5 * * * *', 'every five minutes'],
  ['0 * * * *', 'every hour'],
  ['0 */6 * * *', 'every six hours'],
  ['0 9-17 * * *', 'every hour of the working day'],
  ['30 4 * * *', 'every night'],
  ['0 9 * * 1-5', 'weekdays'],
  ['0 0 * * 0', 'every Sunday'],
  ['0 0 1 * *', 'the first of the month'],
  ['0 0 L * *', 'the last day of the month'],
  ['0 18 LW * *', 'the last working day of the month'],
  ['0 8 * * MON#1', 'the first Monday of the month'],
  ['0 0 1 */3 *', 'every quarter'],
  ['0 0 1 1 *', 'every year'],
] as const;

/** GET /docs/cron/: try a schedule before using it (web-ui.md DO-5). The form's fields in the query string fill it. */
export async function showCronTester(visit: Visit): Promise<void> {
  const asked = Object.entries(visit.req.query).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const tz = visit.session?.user.tz ?? 'UTC';
  const values = { ...NEW_SCHEDULE, kind: 'cron', schedule_cron: '0 9,12,18 * * *', tz, ...Object.fromEntries(asked) };
  const preview = previewOf(values, visit.now, tz);
  const errors = preview.ok ? {} : preview.errors;
  await sendPage(visit, {
    title: 'Try a schedule',
    section: 'docs',
    width: 'wide',
    scripts: ['schedule.js'],
    body: (
      <DocsFrame current="cron">
        <article class="prose">
          <h1>Try a schedule</h1>
          <p class="lead">
            What an expression means, and when pings would be due. <Link to="/docs/schedules/">Schedules</Link> has the
            rules.
          </p>
          <form method="get" action={`${visit.site.base}/docs/cron/`} class="stack tester">
            <ScheduleFields values={values} errors={errors} preview={preview} />
          </form>
          <h2>Cron expressions that are often used</h2>
          <table class="table">
            <thead>
              <tr>
                <th>Expression</th>
                <th>Runs</th>
                <th>
                  <span class="visually-hidden">Try</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {EXAMPLES.map(([expression, meaning]) => (
                <tr key={expression}>
                  <td>
                    <code>{expression}</code>
                  </td>
                  <td>{meaning}</td>
                  <td>
                    <Link
                      to={`/docs/cron/?${new URLSearchParams({ kind: 'cron', schedule_cron: expression })}`}
                      aria-label={`Try ${expression}`}
                    >
                      Try
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </article>
      </DocsFrame>
    ),
  });
}
