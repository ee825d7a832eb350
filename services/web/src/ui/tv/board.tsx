import type { Visit } from '../../http/visit.ts';
import { Link } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';

/**
 * GET /tv/: a wall of checks for a screen that nobody sits at (web-ui.md OT-1). The page is the same for everybody: which
 * projects it shows stands behind the # of its address, `READONLYKEY=Title`, several joined by `&`, and never reaches
 * the server in a log; tv.js reads the management API with those keys.
 */
export function showBoard(visit: Visit): Promise<void> {
  return sendPage(visit, {
    title: 'Board',
    width: 'full',
    bare: true,
    scripts: ['tv.js'],
    body: (
      <div data-tv={`${visit.site.base}/api/v3/checks/`}>
        <h1 class="visually-hidden">Board</h1>
        <p class="notice notice-error tv-trouble" role="alert" data-tv-trouble="" hidden />
        <div data-tv-projects="" />
        <section class="dialog-page container narrow" data-tv-help="">
          <h2>A board for a screen on the wall</h2>
          <p>
            Put a project’s read-only API key and a title behind this page’s address, several joined by{' '}
            <code>&amp;</code>:
          </p>
          <p>
            <code>{`${visit.deps.config.SITE_ROOT}/tv/#READ-ONLY-KEY=Backups`}</code>
          </p>
          <p class="muted">
            Keys are made in a project’s settings. <code>&amp;theme=dark</code> (or <code>light</code>) chooses the
            colours. The page needs a browser that runs scripts. <Link to="/">To the start page</Link>
          </p>
        </section>
      </div>
    ),
  });
}
