/** Programs that others wrote for Healthchecks or Prometheus, as their users run them, against this server. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { addChannel } from '../testing.ts';
import { useTestApi } from './setup.ts';

const run = promisify(execFile);

/** Pinned: what is tested is our server, not the client's next release. */
const HEALTHCHECKS_IO = 'healthchecks_io==0.4.4';
const VENV = fileURLToPath(new URL('../../../../../.overdue/python-healthchecks-io/', import.meta.url));
const READY = `${VENV}/installed-${HEALTHCHECKS_IO}`;

const available = existsSync(READY) || process.env.CI !== undefined;
if (!available) {
  console.warn(`${HEALTHCHECKS_IO} is not installed: its test is skipped. CI=true npm test installs and runs it.`);
}

describe.skipIf(!available)('healthchecks_io (Python)', () => {
  const context = useTestApi();
  beforeAll(async () => {
    if (existsSync(READY)) return;
    await run('python3', ['-m', 'venv', VENV]);
    await run(`${VENV}/bin/pip`, ['install', '--quiet', '--disable-pip-version-check', HEALTHCHECKS_IO]);
    writeFileSync(READY, '');
  }, 300_000);

  test('v1, v2 and v3, from creating to deleting', async () => {
    const project = await context.api.project();
    const channel = await addChannel(context.database, project.id, { name: 'Ops' });
    const script = fileURLToPath(new URL('./healthchecks_io_client.py', import.meta.url));
    const { stdout } = await run(`${VENV}/bin/python`, [
      script,
      context.api.url,
      project.rw,
      project.ro.replace('hcr_', 'hcx_'),
      channel,
    ]);
    expect(stdout).toBe('ok\n');
  });
});

const promtool = spawnSync('promtool', ['--version']).status === 0 || process.env.CI !== undefined;
if (!promtool) {
  console.warn('promtool is not installed: its tests are skipped. It is in the Debian package prometheus.');
}

describe.skipIf(!promtool)('promtool (Prometheus)', () => {
  const context = useTestApi();

  test('check metrics: a project’s page, with all that it can hold', async () => {
    const { api, database } = context;
    const project = await api.project();
    for (const body of [{}, { name: 'a "b" \\ c\nd', tags: 'db prod é', schedule: '* * * * *' }]) {
      await api.call('/api/v3/checks/', { method: 'POST', key: project.rw, body });
    }
    await database.sql`
      update checks set status = 'up', last_ping = now(), last_duration_ms = 1500, alert_after = now(), n_pings = 1
      where project_id = ${project.id}`;
    await database.sql`
      insert into pings (check_id, n, id, created_at, kind, scheme, method)
      select id, 1, gen_random_uuid(), now(), 'success', 'http', 'GET' from checks where project_id = ${project.id}`;
    const { text } = await api.call(`/projects/${project.code}/metrics/${project.ro}`);
    expect(text).toContain('overdue_check_last_success_timestamp_seconds{');
    const { stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(error).toBeUndefined();
    // The two names are the original's, which clients know.
    expect((stdout + stderr).trim().split('\n').sort()).toEqual([
      'hc_checks_down_total non-counter metrics should not have "_total" suffix',
      'hc_checks_total non-counter metrics should not have "_total" suffix',
    ]);
  });

  test('check rules: the alert rules that come with the product', async () => {
    const files = ['checks', 'overdue'].map((name) =>
      fileURLToPath(new URL(`../../../../../infra/prometheus/${name}.rules.yml`, import.meta.url)),
    );
    const { stdout } = await run('promtool', ['check', 'rules', ...files]);
    expect(stdout.match(/SUCCESS/g)).toHaveLength(2);
  });
});
