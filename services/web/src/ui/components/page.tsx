import { type Access, listProjects } from '@overdue/accounts';
import type { Sql } from '@overdue/database';
import type { ComponentChildren, JSX } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Flash } from '../../http/flash.ts';
import type { Visit } from '../../http/visit.ts';
import { VisitContext } from './context.ts';
import { Footer, type Section, TopBar } from './frame.tsx';
import { Sprite } from './icons.tsx';

export interface PageOptions {
  readonly title: string;
  readonly body: ComponentChildren;
  readonly status?: number;
  /** What the navigation marks as current. */
  readonly section?: Section;
  readonly access?: Access;
  /** Something is down: the tab shows it. */
  readonly alarm?: boolean;
  /** Names of public/*.js beside app.js. */
  readonly scripts?: readonly string[];
  /** `narrow`: one column of text or a form. */
  readonly width?: 'narrow' | 'medium' | 'wide' | 'full';
  /** Without navigation: for screens that nobody sits at. */
  readonly bare?: boolean;
  /** Said at the top of this page; default: what the previous page left. */
  readonly flash?: Flash | null;
}

/** Renders a page and answers with it. Text is escaped by the renderer. */
export async function sendPage(visit: Visit, options: PageOptions): Promise<void> {
  const { session, deps, site, res } = visit;
  const [projects, integrationsFail] = await Promise.all([
    session ? listProjects(deps.database.sql, session.user) : [],
    options.access ? integrationsNeedSomebody(deps.database.sql, options.access.project.id) : false,
  ]);
  const flash = options.flash ?? visit.flash();
  const theme = session?.user.theme ?? 'system';
  const favicon = site.base + site.assets.url(options.alarm ? 'favicon-down.svg' : 'favicon.svg');
  const title = options.title ? `${options.title} – ${site.name}` : site.name;
  const html = renderToString(
    <VisitContext.Provider value={visit}>
      <html lang="en" data-theme={theme}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="overdue-now" content={new Date(visit.now).toISOString()} />
          <meta name="color-scheme" content={theme === 'system' ? 'light dark' : theme} />
          <title>{title}</title>
          <link rel="icon" href={favicon} type="image/svg+xml" />
          <link rel="stylesheet" href={site.base + site.assets.url('app.css')} />
          <script type="module" src={site.base + site.assets.url('app.js')} />
          {(options.scripts ?? []).map((name) => (
            <script key={name} type="module" src={site.base + site.assets.url(name)} />
          ))}
        </head>
        <body>
          <Sprite />
          {!options.bare && (
            <>
              <a class="skip" href="#main">
                Skip to content
              </a>
              <TopBar
                projects={projects}
                access={options.access}
                section={options.section}
                integrationsFail={integrationsFail}
              />
            </>
          )}
          <main id="main" class={`container ${options.width ?? 'medium'}`} tabIndex={-1}>
            {flash && <Notice {...flash} />}
            {options.body}
          </main>
          {!options.bare && <Footer />}
        </body>
      </html>
    </VisitContext.Provider>,
  );
  res
    .status(options.status ?? 200)
    .type('html')
    .send(`<!doctype html>${html}`);
}

/** Nobody would be told, or the last message somewhere did not arrive (NV-4). */
async function integrationsNeedSomebody(sql: Sql, projectId: number): Promise<boolean> {
  const [row] = await sql<{ fail: boolean }[]>`
    select count(*) = 0 or bool_or(disabled or last_error <> '') as fail from channels where project_id = ${projectId}`;
  return row?.fail ?? false;
}

/** A part of a page as HTML. */
export function renderFragment(visit: Visit, node: JSX.Element): string {
  return renderToString(<VisitContext.Provider value={visit}>{node}</VisitContext.Provider>);
}

export function Notice({ kind, text }: Flash) {
  return (
    <p class={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      {text}
    </p>
  );
}
