import type { ComponentChildren } from 'preact';
import { useVisit } from '../components/context.ts';
import { Icon } from '../components/icons.tsx';
import { Link } from '../components/link.tsx';
import { allDocs } from './library.ts';

/** Navigation, in this order; files that are not listed are for those who work on the code. */
export const GROUPS: readonly { readonly title: string; readonly slugs: readonly string[] }[] = [
  {
    title: 'Using it',
    slugs: [
      'introduction',
      'pings',
      'pings-by-email',
      'schedules',
      'states',
      'integrations',
      'alerting',
      'projects',
      'api',
      'config-as-code',
      'prometheus',
    ],
  },
  { title: 'Running it', slugs: ['configuration', 'operations', 'behind-haproxy', 'architecture'] },
  { title: 'Moving here', slugs: ['compatibility', 'migrating'] },
];

/** A page of the documentation: search and navigation at its side. `current`: the slug of what is shown. */
export function DocsFrame(props: {
  readonly current: string;
  readonly query?: string;
  readonly children: ComponentChildren;
}) {
  const { current, query = '' } = props;
  const found = allDocs();
  return (
    <div class="docs">
      <div class="docs-side">
        <search>
          <form method="get" action={`${useVisit().site.base}/docs/search/`} class="docs-search">
            <label class="search-box">
              <Icon glyph="search" />
              <span class="visually-hidden">Search the documentation</span>
              <input
                type="search"
                name="q"
                value={query}
                placeholder="Search"
                maxlength={100}
                aria-keyshortcuts="/"
                data-shortcut="/"
              />
              <span class="key" aria-hidden="true">
                /
              </span>
            </label>
          </form>
        </search>
        <nav class="docs-nav" aria-label="Documentation">
          {GROUPS.filter((group) => group.slugs.some((slug) => found.has(slug))).map((group) => (
            <div key={group.title}>
              <h2>{group.title}</h2>
              <ul>
                {group.slugs
                  .flatMap((slug) => found.get(slug) ?? [])
                  .map((entry) => (
                    <DocLink key={entry.slug} slug={entry.slug} title={entry.title} current={current} />
                  ))}
                {group.slugs.includes('schedules') && <DocLink slug="cron" title="Try a schedule" current={current} />}
              </ul>
            </div>
          ))}
        </nav>
      </div>
      {props.children}
    </div>
  );
}

function DocLink(props: { readonly slug: string; readonly title: string; readonly current: string }) {
  return (
    <li>
      <Link to={`/docs/${props.slug}/`} aria-current={props.slug === props.current ? 'page' : undefined}>
        {props.title}
      </Link>
    </li>
  );
}
