/** Clients that were written for Healthchecks, as their users run them, against this server. */
import { execFile } from 'node:child_process';
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
