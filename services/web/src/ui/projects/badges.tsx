import { badgeUrl } from '../../api/badges/signature.ts';
import type { InProject } from '../../http/handlers.ts';
import { checkTitle, listChecks, tagList } from '../checks/check.ts';
import { CopyText } from '../components/copy.tsx';
import { sendPage } from '../components/page.tsx';

const FORMATS = ['svg', 'json', 'shields'] as const;

/** GET /projects/P/badges/?for=all|tag:T|check:C&states=2|3&format=: the addresses, and how the badge looks. */
export async function showBadges(visit: InProject): Promise<void> {
  const { access, deps, req, site } = visit;
  const checks = await listChecks(deps.database.sql, access.project.id);
  const tags = [...new Set(checks.flatMap(tagList))].sort();
  const target = typeof req.query.for === 'string' ? req.query.for : 'all';
  const states = req.query.states === '3' ? 3 : 2;
  const format = FORMATS.find((f) => f === req.query.format) ?? 'svg';
  const check = checks.find((c) => target === `check:${c.code}`);
  const tag = tags.find((t) => target === `tag:${t}`);
  const root = deps.config.SITE_ROOT;
  const base = check
    ? `${root}/b/${states}/${check.badge_key}`
    : badgeUrl(root, deps.secretKey, access.project.badge_key, tag ?? '*', states);
  const label = check ? checkTitle(check) : (tag ?? deps.config.MASTER_BADGE_LABEL);
  const url = `${base}.${format}`;
  const image = format === 'shields' ? `https://img.shields.io/endpoint?url=${encodeURIComponent(url)}` : url;
  // Shown from here: SITE_ROOT may be another name of this server, and the page's policy allows only its own.
  const here = site.base + `${base}.svg`.slice(root.length);
  await sendPage(visit, {
    title: 'Badges',
    section: 'badges',
    access,
    body: (
      <>
        <h1>Badges</h1>
        <p class="lead">
          A badge shows the state of all checks, of those with a tag, or of one, on pages of yours. Its address is
          public and cannot be guessed.
        </p>
        <form method="get" action={`${site.base}/projects/${access.project.code}/badges/`} class="badge-form">
          <div class="field">
            <label for="f-for">For</label>
            <select id="f-for" name="for" data-submit-on-change="">
              <option value="all">All checks</option>
              {tags.map((t) => (
                <option key={t} value={`tag:${t}`} selected={t === tag}>
                  Tag: {t}
                </option>
              ))}
              {checks.map((c) => (
                <option key={c.code} value={`check:${c.code}`} selected={c === check}>
                  Check: {checkTitle(c)}
                </option>
              ))}
            </select>
          </div>
          <div class="field">
            <label for="f-states">States</label>
            <select id="f-states" name="states" data-submit-on-change="">
              <option value="2" selected={states === 2}>
                Two: up, down
              </option>
              <option value="3" selected={states === 3}>
                Three: up, late, down
              </option>
            </select>
          </div>
          <div class="field">
            <label for="f-format">Format</label>
            <select id="f-format" name="format" data-submit-on-change="">
              <option value="svg">SVG image</option>
              <option value="json" selected={format === 'json'}>
                JSON
              </option>
              <option value="shields" selected={format === 'shields'}>
                Shields.io
              </option>
            </select>
          </div>
          <button type="submit" class="button hidden-with-script">
            Show
          </button>
        </form>
        <section class="panel" aria-labelledby="h-preview">
          <h2 id="h-preview">Preview</h2>
          <p>
            <img src={here} alt={`Badge: ${label}`} height={20} />
          </p>
          <h3>Address</h3>
          <CopyText text={image} block />
          {format !== 'json' && (
            <>
              <h3>HTML</h3>
              <CopyText text={`<img src="${image}" alt="${label.replaceAll('"', '&quot;')}">`} block />
              <h3>Markdown</h3>
              <CopyText text={`![${label.replaceAll(']', '\\]')}](${image})`} block />
            </>
          )}
        </section>
      </>
    ),
  });
}
