import { type Access, projectTitle } from '@overdue/accounts';
import { useVisit } from './context.ts';
import { Icon, Mark } from './icons.tsx';
import { Link, PostForm } from './link.tsx';

/** Where in the product a page belongs: what the navigation marks as current. */
export type Section = 'checks' | 'integrations' | 'badges' | 'settings' | 'overview' | 'docs' | 'instance' | 'account';

const TABS: readonly { readonly section: Section; readonly path: string; readonly label: string }[] = [
  { section: 'checks', path: 'checks', label: 'Checks' },
  { section: 'integrations', path: 'integrations', label: 'Integrations' },
  { section: 'badges', path: 'badges', label: 'Badges' },
  { section: 'settings', path: 'settings', label: 'Settings' },
];

/** The bar at the top: where one is, where one can go (web-ui.md NV-1 to NV-5). */
export function TopBar(props: {
  readonly projects: readonly Access[];
  readonly access: Access | undefined;
  readonly section: Section | undefined;
  /** The project's integrations need somebody (NV-4). */
  readonly integrationsFail: boolean;
}) {
  const { session, site } = useVisit();
  const { access, section } = props;
  return (
    <header class="topbar">
      <div class="topbar-inner">
        <Link to="/" class="brand" aria-label={`${site.name}: all projects`}>
          {site.logoUrl ? <img src={site.logoUrl} alt="" /> : <Mark />}
          {!access && <span class="brand-name">{site.name}</span>}
        </Link>
        {session && access && <ProjectMenu projects={props.projects} access={access} />}
        {access && (
          <nav class="tabs" aria-label="Project">
            {TABS.map((tab) => (
              <Link
                key={tab.section}
                to={`/projects/${access.project.code}/${tab.path}/`}
                aria-current={section === tab.section ? 'page' : undefined}
              >
                {tab.label}
                {tab.section === 'integrations' && props.integrationsFail && (
                  <>
                    <Icon glyph="alert" size={16} />
                    <span class="visually-hidden">, something is wrong</span>
                  </>
                )}
              </Link>
            ))}
          </nav>
        )}
        <nav class="topbar-end" aria-label="Site">
          <Link to="/docs/" aria-current={section === 'docs' ? 'page' : undefined}>
            Docs
          </Link>
          {session && <AccountMenu />}
          {!session && section !== 'account' && <Link to="/accounts/login/">Sign in</Link>}
        </nav>
      </div>
    </header>
  );
}

function ProjectMenu({ projects, access }: { readonly projects: readonly Access[]; readonly access: Access }) {
  return (
    <details class="menu project-menu" data-menu="">
      <summary>
        <bdi class="project-name">{projectTitle(access)}</bdi>
        <Icon glyph="chevron" size={16} />
      </summary>
      <div class="menu-items">
        <Link to="/">All projects</Link>
        <hr />
        {projects.map((p) => (
          <Link
            key={p.project.code}
            to={`/projects/${p.project.code}/checks/`}
            aria-current={p.project.code === access.project.code ? 'true' : undefined}
          >
            <bdi>{projectTitle(p)}</bdi>
          </Link>
        ))}
        <hr />
        <Link to="/projects/add/">New project…</Link>
      </div>
    </details>
  );
}

function AccountMenu() {
  const { session } = useVisit();
  if (!session) return null;
  return (
    <details class="menu menu-end" data-menu="">
      <summary aria-label={`Account: ${session.user.email}`}>
        <Icon glyph="person" />
        <span class="account-word">Account</span>
        <Icon glyph="chevron" size={16} />
      </summary>
      <div class="menu-items">
        <p class="menu-head">{session.user.email}</p>
        <Link to="/accounts/profile/">Account settings</Link>
        {session.user.is_superuser && <Link to="/instance/">This installation</Link>}
        <hr />
        <PostForm action="/accounts/logout/">
          {/* biome-ignore lint/a11y/useButtonType: submits; scripts that look for the page's submit button must not find this */}
          <button>Sign out</button>
        </PostForm>
      </div>
    </details>
  );
}

export function Footer() {
  const { site } = useVisit();
  return (
    <footer class="footer">
      <div class="footer-inner">
        <span>{site.name}</span>
        <Link to="/docs/">Documentation</Link>
      </div>
    </footer>
  );
}
