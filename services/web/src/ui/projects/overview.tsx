import { listProjects, projectTitle } from '@overdue/accounts';
import { compareNaturally, plural, summaryStatus } from '@overdue/checks';
import type { CheckRow } from '@overdue/operations';
import { groupBy } from '../../group-by.ts';
import type { SignedIn } from '../../http/handlers.ts';
import { listed } from '../checks/list-query.ts';
import { StatusIcon } from '../components/icons.tsx';
import { Link } from '../components/link.tsx';
import { renderFragment, sendPage } from '../components/page.tsx';

/** The projects one belongs to, with what is in them; those with something down first. */
async function projectCards({ deps, session, now }: SignedIn) {
  const { sql } = deps.database;
  const projects = await listProjects(sql, session.user);
  const ids = projects.map((p) => p.project.id);
  const [checks, channels] = await Promise.all([
    sql<CheckRow[]>`select * from checks where project_id = any (${ids}::bigint[])`,
    sql<{ project_id: number; n: number }[]>`
      select project_id, count(*)::int as n from channels where project_id = any (${ids}::bigint[]) group by project_id`,
  ]);
  const byProject = groupBy(listed(checks, now), ({ check }) => check.project_id);
  const cards = projects.map((access) => {
    const items = byProject.get(access.project.id) ?? [];
    return {
      access,
      items,
      status: summaryStatus(items.map((item) => item.status)),
      down: items.filter((item) => item.status === 'down').length,
      started: items.some((item) => item.started),
      channels: channels.find((row) => row.project_id === access.project.id)?.n ?? 0,
    };
  });
  return cards.sort((a, b) => Number(b.status === 'down') - Number(a.status === 'down'));
}

/** GET /?refresh=1: `{PROJECT: {"status", "started"}}`, for those who poll (PO-5). */
export async function showStatuses(visit: SignedIn): Promise<void> {
  const cards = await projectCards(visit);
  visit.res.json(
    Object.fromEntries(cards.map(({ access, status, started }) => [access.project.code, { status, started }])),
  );
}

/** GET /projects/menu/: one's projects by name, as links with their status (NV-3). */
export async function showProjectMenu(visit: SignedIn): Promise<void> {
  const cards = (await projectCards(visit)).sort((a, b) =>
    compareNaturally(projectTitle(a.access), projectTitle(b.access)),
  );
  visit.res.type('html').send(
    renderFragment(
      visit,
      <div class="menu-items">
        {cards.map(({ access, status, started }) => (
          <Link key={access.project.code} to={`/projects/${access.project.code}/checks/`}>
            <StatusIcon status={status} started={started} size={18} /> <bdi>{projectTitle(access)}</bdi>
          </Link>
        ))}
      </div>,
    ),
  );
}

/** GET / : the projects one belongs to, those with something down first (PO-3, PO-4). */
export async function showOverview(visit: SignedIn): Promise<void> {
  const cards = await projectCards(visit);
  const alarm = cards.some((card) => card.status === 'down');
  await sendPage(visit, {
    title: 'Projects',
    section: 'overview',
    alarm,
    width: 'wide',
    body: (
      <>
        <h1>Projects</h1>
        <ul class="cards">
          {cards.map(({ access, items, status, down, started, channels: n }) => (
            <li key={access.project.code}>
              <Link to={`/projects/${access.project.code}/checks/`} class={`card card-${status}`}>
                <StatusIcon status={status} started={started} size={28} />
                <span class="card-words">
                  <strong>{projectTitle(access)}</strong>
                  <span>
                    {plural(items.length, 'check')}
                    {down > 0 && `, ${down} down`}, {plural(n, 'integration')}
                  </span>
                  {!access.isOwner && <small>{access.ownerEmail}</small>}
                </span>
              </Link>
            </li>
          ))}
          <li>
            <Link to="/projects/add/" class="card card-new">
              New project…
            </Link>
          </li>
        </ul>
      </>
    ),
  });
}
