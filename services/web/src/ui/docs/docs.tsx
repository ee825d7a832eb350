import { notFound } from '../../http/http-error.ts';
import { redirect } from '../../http/redirect.ts';
import type { Visit } from '../../http/visit.ts';
import { sendPage } from '../components/page.tsx';
import { DocsFrame, GROUPS } from './frame.tsx';
import { allDocs } from './library.ts';

/** Addresses that pages and the original's documentation use for what has another name here. */
const ALIASES: Readonly<Record<string, string>> = {
  pinging: 'pings/',
  pinging_api: 'pings/',
  http_api: 'pings/',
  configuring_checks: 'states/',
  self_hosted_configuration: 'configuration/',
};

/** GET /docs/ and /docs/SLUG/ */
export async function showDoc(visit: Visit): Promise<void> {
  const found = allDocs();
  const listed = GROUPS.flatMap((group) => group.slugs).filter((slug) => found.has(slug));
  const slug = visit.req.params.slug === undefined ? listed[0] : String(visit.req.params.slug);
  const doc = slug === undefined ? undefined : found.get(slug);
  const alias = slug !== undefined && Object.hasOwn(ALIASES, slug) ? ALIASES[slug] : undefined;
  if (!doc && alias) return redirect(visit, `/docs/${alias}`);
  if (!doc) throw notFound();
  await sendPage(visit, {
    title: doc.title,
    section: 'docs',
    width: 'wide',
    body: (
      <DocsFrame current={doc.slug}>
        <article class="prose" dangerouslySetInnerHTML={{ __html: doc.html }} />
      </DocsFrame>
    ),
  });
}
