import type { InProject } from '../../http/handlers.ts';
import { notFound } from '../../http/http-error.ts';
import { CopyBlock } from '../components/copy.tsx';
import { Link } from '../components/link.tsx';
import { sendPage } from '../components/page.tsx';

/** GET /projects/P/add_prometheus/: how to read this project's metrics; nothing is stored (web-ui.md section 11). */
export async function showPrometheus(visit: InProject): Promise<void> {
  const { access, deps } = visit;
  if (!deps.config.PROMETHEUS_ENABLED) throw notFound();
  const { code } = access.project;
  const root = new URL(deps.config.SITE_ROOT);
  const example = [
    'scrape_configs:',
    '  - job_name: overdue',
    `    scheme: ${root.protocol.slice(0, -1)}`,
    `    metrics_path: ${visit.site.base}/projects/${code}/metrics/`,
    '    authorization: { credentials: READ_ONLY_API_KEY }',
    '    static_configs:',
    `      - targets: ['${root.host}']`,
  ].join('\n');
  await sendPage(visit, {
    title: 'Prometheus',
    section: 'integrations',
    access,
    width: 'narrow',
    body: (
      <>
        <p class="crumbs">
          <Link to={`/projects/${code}/integrations/`}>Integrations</Link>
        </p>
        <h1>Prometheus</h1>
        <p class="lead">
          Prometheus fetches the state of this project’s checks and alerts by its own rules. There is nothing to add
          here: it needs the project’s read-only API key, which is made in the{' '}
          <Link to={`/projects/${code}/settings/`}>settings</Link>.
        </p>
        <CopyBlock text={example} class="ping-body" label="Configuration of Prometheus" />
        <p>
          <Link to="/docs/prometheus/">All metrics, alert rules and a panel for Grafana</Link>
        </p>
      </>
    ),
  });
}
