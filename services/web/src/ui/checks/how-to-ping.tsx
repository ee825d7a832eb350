import type { ForCheck } from '../../http/handlers.ts';
import { CopyText } from '../components/copy.tsx';
import { ButtonLink, Link, PostButton } from '../components/link.tsx';
import { pingUrl } from './check.ts';
import { UsageExamples } from './usage.tsx';

/** Where pings of the check go, and examples to copy. */
export function HowToPing({ visit }: { readonly visit: ForCheck }) {
  const { check, access, deps } = visit;
  const url = pingUrl(visit, access, check);
  const { show_slugs, ping_key, code } = access.project;
  return (
    <section class="block" aria-labelledby="h-ping">
      <h2 id="h-ping">How to ping</h2>
      <p>
        {check.methods === 'POST' ? 'Send a POST request' : 'Send an HTTP request'} to this address whenever the job has
        run:
      </p>
      {url ? (
        <CopyText text={url} block />
      ) : (
        <p class="notice notice-info">
          This project shows ping URLs by name, and this check has no slug.{' '}
          {access.canWrite && <Link to={`/checks/${check.code}/name/`}>Give it one</Link>}
        </p>
      )}
      {show_slugs && ping_key === null && access.canWrite && (
        <p class="muted small">
          For ping URLs by name the project needs a ping key. <Link to={`/projects/${code}/settings/`}>Create one</Link>
        </p>
      )}
      {deps.config.SMTPD_PORT !== null && (
        <>
          <p>or an e-mail to</p>
          <CopyText text={`${check.code}@${deps.config.PING_EMAIL_DOMAIN}`} block />
        </>
      )}
      <p class="muted small">
        Add <code>/start</code> when it begins, <code>/fail</code> or its exit status when it fails.{' '}
        <Link to="/docs/pings/">More</Link>
      </p>
      {url && <UsageExamples check={check} url={url} />}
      {access.canWrite && (
        <div class="block-actions">
          <ButtonLink to={`/checks/${check.code}/filtering_rules/`}>Filtering rules</ButtonLink>
          <PostButton
            action={`/projects/${code}/urls/`}
            fields={{ show: show_slugs ? 'uuid' : 'slug', check: check.code }}
            kind="quiet"
          >
            Show URLs by {show_slugs ? 'code' : 'name'}
          </PostButton>
        </div>
      )}
    </section>
  );
}
