/** Runs what docs/migrating.md tells people to run, from a server that lists checks as Healthchecks does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshEnvironment, overdue, Product, ROOT } from '../support/product.ts';

const PAGE = readFileSync(join(ROOT, 'docs/migrating.md'), 'utf8').replaceAll(/^ {3}/gm, '');
const OLD_PING_KEY = 'fqOOd6-F4MMNuCEnzTU01w';

const SHARED = {
  ...{ desc: 'pg_dump', grace: 1800, n_pings: 7, started: false, last_ping: '2026-11-20T02:30:00+00:00' },
  ...{ next_ping: null, manual_resume: true, methods: 'POST', subject: '', subject_fail: '', start_kw: '' },
  ...{ success_kw: '', failure_kw: 'ERROR', filter_subject: false, filter_body: true, filter_http_body: false },
  ...{ filter_default_fail: false, channels: '0e0c4b5e-5b1a-4d5c-8d2c-6c1de1c12345', badge_url: 'https://x/b/2/y.svg' },
};
const OLD_CHECKS = [
  {
    ...SHARED,
    ...{ name: 'Dump', slug: 'dump', tags: 'db prod', status: 'up', schedule: '30 2 * * *', tz: 'Europe/Riga' },
    ...{ uuid: '0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8d' },
  },
  {
    ...SHARED,
    ...{ name: '', slug: '', tags: '', status: 'paused', timeout: 3600, methods: '' },
    ...{ uuid: '2b6f0c10-7d1f-4f6b-9a3e-0123456789ab' },
  },
];

const old = createServer((request, response) => {
  const asked = `${request.method} ${request.url} ${request.headers['x-api-key']}`;
  response.writeHead(asked === 'GET /api/v3/checks/ old-key' ? 200 : 404).end(JSON.stringify({ checks: OLD_CHECKS }));
});
let product: Product;

beforeAll(async () => {
  old.listen(0, '127.0.0.1');
  await once(old, 'listening');
  product = await Product.start(await freshEnvironment());
});
afterAll(async () => {
  old.close();
  await product?.dispose();
});

/** The page's script, run as the page says. */
async function move(key: string): Promise<string> {
  const file = join(product.env.DATA_DIR!, 'move.mjs');
  writeFileSync(file, /```js\n([\s\S]*?)```/.exec(PAGE)![1]!);
  const from = `http://127.0.0.1:${(old.address() as AddressInfo).port}`;
  const env = { ...process.env, OLD: from, OLD_KEY: 'old-key', NEW: product.url, NEW_KEY: key };
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  return output;
}

test('checks, UUIDs and ping key are carried over, and old addresses work', { timeout: 300_000 }, async () => {
  const account = ['--email', 'a@example.org', '--password', 'correct horse', '--project', 'Backups'];
  const made = JSON.parse((await overdue(product.env, ['bootstrap', ...account])).stdout);
  const database = product.database();
  try {
    await database.sql.unsafe(await move(made.api_key));
    const updateKey = /^update projects .*;$/m.exec(PAGE)![0].replace('OLD-PING-KEY', OLD_PING_KEY);
    await database.sql.unsafe(updateKey);
    // Again, as after a mistake.
    await database.sql.unsafe(await move(made.api_key));
  } finally {
    await database.close();
  }
  const list = await fetch(`${product.url}/api/v3/checks/`, { headers: { 'X-Api-Key': made.api_key } });
  const checks = ((await list.json()) as { checks: Record<string, unknown>[] }).checks;
  const compared = [
    ...['uuid', 'name', 'slug', 'tags', 'desc', 'grace', 'timeout', 'schedule', 'tz', 'methods', 'manual_resume'],
    ...['start_kw', 'success_kw', 'failure_kw', 'filter_subject', 'filter_body', 'filter_http_body'],
  ];
  for (const before of OLD_CHECKS as Record<string, unknown>[]) {
    const after = checks.find((check) => check.uuid === before.uuid);
    expect(after?.status).toBe(before.status === 'paused' ? 'paused' : 'new');
    for (const field of compared) expect(after?.[field], field).toEqual(before[field]);
    expect(after?.channels).not.toBe('');
  }
  expect(checks).toHaveLength(OLD_CHECKS.length);
  for (const address of [`/${OLD_CHECKS[0]!.uuid}`, `/ping/${OLD_CHECKS[1]!.uuid}`, `/ping/${OLD_PING_KEY}/dump`]) {
    const answer = await fetch(`${product.pingUrl}${address}`, { method: 'POST' });
    expect([address, answer.status, await answer.text()]).toEqual([address, 200, 'OK']);
  }
});
