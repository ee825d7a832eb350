/** Runs what docs/config-as-code.md shows, through the command line that it is about. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { CLI, type Environment, freshEnvironment, overdue, ROOT } from '../support/product.ts';

const PAGE = readFileSync(join(ROOT, 'docs/config-as-code.md'), 'utf8');
const EXAMPLE = /```yaml\n([\s\S]*?)```/.exec(PAGE)![1]!;

/** Each command is a process of its own, on a machine that may be busy; in milliseconds. */
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let database: TestDatabase;
let env: Environment;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'overdue-config-'));
  const { hosts, user, database: name } = database.target;
  env = await freshEnvironment({
    DATA_DIR: folder,
    DATABASE_URL: `postgresql://${user}@${hosts[0]!.host}:${hosts[0]!.port}/${name}?sslmode=disable`,
    SECRET_KEY: 'a secret key that only tests use, long enough',
    PAGER_TOKEN: 's3cret',
    WEBHOOKS_ENABLED: 'True',
  });
  const account = ['--email', 'a@example.org', '--password', 'correct horse', '--project', 'Backups'];
  expect(await overdue(env, ['bootstrap', ...account])).toMatchObject({ code: 0 });
  await database.sql`update channels set name = 'Ops mail'`;
});
afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true });
});

const slugs = async () => (await database.sql`select slug from checks order by id`).map((row) => row.slug as string);

/** Applies a file to the project. */
async function apply(text: string, ...options: string[]) {
  const file = join(folder, 'given.yaml');
  writeFileSync(file, text);
  return overdue(env, ['apply', file, ...options]);
}

beforeEach(() => database.sql`delete from checks`);

test('the example on the page applies, and once is enough', async () => {
  expect(await apply(EXAMPLE, '--dry-run')).toMatchObject({ code: 0, stdout: expect.stringMatching(/3 to create/) });
  expect(await slugs()).toEqual([]);
  expect((await apply(EXAMPLE)).stdout).toMatch(/3 to create, 1 unchanged/);
  expect(await slugs()).toEqual(['nightly-dump', 'log-rotation']);
  const [pager] = await database.sql`select value from channels where name = 'Pager'`;
  expect(pager!.value).toMatchObject({ url_down: 'https://pager.example.org/hooks/s3cret' });
  expect((await apply(EXAMPLE)).stdout).toBe('Nothing to do: 4 as wanted.\n');
});

test('the commands on the page, in the order in which they stand there', async () => {
  await apply(EXAMPLE);
  const program = join(folder, 'overdue');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  chmodSync(program, 0o755);
  const commands = [...PAGE.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]!).join('');
  expect(commands.trim().split('\n')).toHaveLength(3);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd: folder,
    env: { ...env, PATH: `${folder}${delimiter}${env.PATH}` },
  });
  expect(stdout).toBe('Nothing to do: 4 as wanted.\n'.repeat(2));
});

describe('--prune', () => {
  test('deletes what is not in the file, and without it nothing is', async () => {
    await apply('checks: [{ slug: a }, { slug: b }]');
    expect((await apply('checks: [{ slug: b }]')).stdout).toBe('Nothing to do: 1 as wanted.\n');
    const dry = await apply('checks: [{ slug: b }]', '--prune', '--dry-run');
    expect(dry.stdout).toBe('- check a\n\n1 to delete, 1 unchanged.\n');
    expect(await slugs()).toEqual(['a', 'b']);
    expect((await apply('checks: [{ slug: b }]', '--prune')).stdout).toBe(dry.stdout);
    expect(await slugs()).toEqual(['b']);
  });

  test('refuses a file without checks', async () => {
    await apply('checks: [{ slug: a }]');
    const { code, stdout, stderr } = await apply('', '--prune');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('the file has no checks; --prune would delete all');
    expect(await slugs()).toEqual(['a']);
  });
});

test('export keeps secrets to itself; with --secrets the file makes an equal project', async () => {
  await apply(EXAMPLE);
  const plain = await overdue(env, ['export']);
  expect(plain.code).toBe(0);
  expect(plain.stdout).not.toContain('s3cret');
  const full = (await overdue(env, ['export', '--secrets'])).stdout;
  expect(full).toContain('url_down: https://pager.example.org/hooks/s3cret');
  await database.sql`delete from channels`;
  await database.sql`delete from checks`;
  expect((await apply(full)).stdout).toMatch(/4 to create, 0 unchanged/);
  expect((await overdue(env, ['export', '--secrets'])).stdout).toBe(full);
});

test('kinds that are switched off on this site are not made', async () => {
  const before = env;
  env = { ...env, WEBHOOKS_ENABLED: 'False' };
  try {
    await database.sql`delete from channels where name = 'Pager'`;
    const { code, stderr } = await apply(EXAMPLE);
    expect([code, stderr]).toEqual([1, expect.stringContaining('kind webhook is switched off on this site')]);
    expect(await slugs()).toEqual([]);
  } finally {
    env = before;
  }
});
