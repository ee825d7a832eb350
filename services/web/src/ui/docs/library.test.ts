import { describe, expect, it } from 'vitest';
import { GROUPS } from './frame.tsx';
import { allDocs } from './library.ts';

const docs = allDocs();

/** Routes that no file makes. */
const OTHERS = new Set(['/docs/', '/docs/cron/', '/docs/search/', '/docs/api/reference/', '/api/v3/openapi.json']);

/** What is wrong with a link on the page `slug`; undefined: nothing. */
function problem(slug: string, href: string): string | undefined {
  if (/^https:\/\//.test(href)) return undefined;
  const url = new URL(href, `http://site/docs/${slug}/`);
  const page = docs.get(/^\/docs\/([^/]+)\/$/.exec(url.pathname)?.[1] ?? '');
  if (url.host !== 'site' || (!page && !OTHERS.has(url.pathname))) return `${slug}: ${href} leads nowhere`;
  const anchor = url.hash.slice(1);
  if (page && anchor && !page.html.includes(`id="${anchor}"`)) return `${slug}: ${href} has no such heading`;
  return undefined;
}

describe('the documentation in the product', () => {
  it('is docs/ and docs/compatibility/, and not what is for those who work on the code', () => {
    expect([...docs.keys()]).toEqual(expect.arrayContaining(['pings', 'compatibility', 'compatibility-pings']));
    expect([...docs.keys()].filter((slug) => slug.startsWith('reference'))).toEqual([]);
  });

  it('has every page that the navigation lists', () => {
    const listed = GROUPS.flatMap((group) => group.slugs);
    expect(listed.filter((slug) => !docs.has(slug))).toEqual([]);
  });

  it.each([...docs.values()])('$slug links only to what is there', ({ slug, html }) => {
    const hrefs = [...html.matchAll(/<a href="([^"]*)"/g)].map((match) => match[1]!.replaceAll('&amp;', '&'));
    expect(hrefs.flatMap((href) => problem(slug, href) ?? [])).toEqual([]);
  });
});
