import { tagList } from '@overdue/checks';
import type { CheckRow } from '@overdue/operations';
import { badgeUrl } from '../../api/badges/signature.ts';
import { byCodePoint } from '../../by-code-point.ts';
import { valuesOf } from '../../http/forms.ts';
import type { InProject } from '../../http/handlers.ts';
import { HttpError } from '../../http/http-error.ts';
import { listChecks } from '../../rows/check.ts';
import { checkTitle } from '../checks/check.ts';
import { CopyText } from '../components/copy.tsx';
import { renderFragment, sendPage } from '../components/page.tsx';

const FORMATS = ['svg', 'json', 'shields'] as const;

type Format = (typeof FORMATS)[number];

/** A badge of all checks, of those with a tag, or of one check; how it looks, and its address to copy. */
interface Badge {
  readonly label: string;
  readonly format: Format;
  /** What a page refers to. */
  readonly address: string;
  /** The image from this site: SITE_ROOT may be another name of this server, and the page's policy allows only its own. */
  readonly here: string;
}

function badgeOf(
  visit: InProject,
  of: { check: CheckRow | undefined; tag: string | undefined; states: 2 | 3; format: Format },
): Badge {
  const { access, deps, site } = visit;
  const { check, tag, states, format } = of;
  const root = deps.config.SITE_ROOT;
  const base = check
    ? `${root}/b/${states}/${check.badge_key}`
    : badgeUrl(root, deps.secretKey, access.project.badge_key, tag ?? '*', states);
  const url = `${base}.${format}`;
  return {
    label: check ? checkTitle(check) : (tag ?? deps.config.MASTER_BADGE_LABEL),
    format,
    address: format === 'shields' ? `https://img.shields.io/endpoint?url=${encodeURIComponent(url)}` : url,
    here: site.base + `${base}.svg`.slice(root.length),
  };
}

function formatOf(text: unknown): Format {
  return FORMATS.find((format) => format === text) ?? 'svg';
}

/** POST /projects/P/badges/ with target=all, tag or check, `tag`, `check`, fmt, states: the preview alone (BG-2). */
export async function previewBadge(visit: InProject): Promise<void> {
  const values = valuesOf(visit);
  const checks = await listChecks(visit.deps.database.sql, visit.access.project.id);
  const check = values.target === 'check' ? checks.find(({ code }) => code === values.check) : undefined;
  const tag =
    values.target === 'tag'
      ? checks.flatMap((check) => tagList(check.tags)).find((one) => one === values.tag)
      : undefined;
  if (values.target !== 'all' && !check && !tag) throw new HttpError(400, 'There is no such badge.');
  const badge = badgeOf(visit, {
    check,
    tag,
    states: values.states === '3' ? 3 : 2,
    format: formatOf(values.fmt),
  });
  visit.res.type('html').send(renderFragment(visit, <BadgePreview badge={badge} />));
}

function BadgePreview({ badge }: { readonly badge: Badge }) {
  const { label, format, address, here } = badge;
  return (
    <>
      <p>
        <img src={here} alt={`Badge: ${label}`} height={20} />
      </p>
      <h3>Address</h3>
      <CopyText text={address} block />
      {format !== 'json' && (
        <>
          <h3>HTML</h3>
          <CopyText text={`<img src="${address}" alt="${label.replaceAll('"', '&quot;')}">`} block />
          <h3>Markdown</h3>
          <CopyText text={`![${label.replaceAll(']', '\\]')}](${address})`} block />
        </>
      )}
    </>
  );
}

/** GET /projects/P/badges/?for=all|tag:T|check:C&states=2|3&format=: the addresses, and how the badge looks. */
export async function showBadges(visit: InProject): Promise<void> {
  const { access, deps, req, site } = visit;
  const checks = await listChecks(deps.database.sql, access.project.id);
  const tags = [...new Set(checks.flatMap((check) => tagList(check.tags)))].sort(byCodePoint);
  const target = typeof req.query.for === 'string' ? req.query.for : 'all';
  const states = req.query.states === '3' ? 3 : 2;
  const format = formatOf(req.query.format);
  const check = checks.find((c) => target === `check:${c.code}`);
  const tag = tags.find((t) => target === `tag:${t}`);
  const badge = badgeOf(visit, { check, tag, states, format });
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
          <BadgePreview badge={badge} />
        </section>
      </>
    ),
  });
}
