import type { Visit } from '../../http/visit.ts';
import { Link } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';
import { DocsFrame, GROUPS } from './frame.tsx';
import { allDocs } from './library.ts';
import { search, sectionsOf } from './search-index.ts';

let sections: ReturnType<typeof sectionsOf> | undefined;

/** Pages that the navigation does not list are for those who work on the code. */
function listedSections(): ReturnType<typeof sectionsOf> {
  sections ??= sectionsOf(GROUPS.flatMap((group) => group.slugs.flatMap((slug) => allDocs().get(slug) ?? [])));
  return sections;
}

/** GET /docs/search/?q=: what the documentation says of some words. */
export async function searchDocs(visit: Visit): Promise<void> {
  const { q } = visit.req.query;
  const query = typeof q === 'string' ? q.slice(0, 100) : '';
  const results = search(listedSections(), query);
  await sendPage(visit, {
    title: query ? `“${query}” in the documentation` : 'Search the documentation',
    section: 'docs',
    width: 'wide',
    body: (
      <DocsFrame current="" query={query}>
        <article class="prose">
          <h1>{query ? `Found for “${query}”` : 'Search the documentation'}</h1>
          {results.length === 0 ? (
            <p class="muted">
              {query ? 'Nothing. Fewer words, or the beginnings of words, find more.' : 'Enter some words.'}
            </p>
          ) : (
            <ol class="search-results">
              {results.map((result) => (
                <li key={result.path}>
                  <Link to={`/docs/${result.path}`}>{result.heading}</Link>
                  {result.heading !== result.page && <small> {result.page}</small>}
                  <p>{result.snippet.map(({ text, hit }, i) => (hit ? <mark key={i}>{text}</mark> : text))}</p>
                </li>
              ))}
            </ol>
          )}
        </article>
      </DocsFrame>
    ),
  });
}
