/** What may go wrong when the product is started, and what it says then. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { CLI, freshEnvironment, overdue, Product } from '../support/product.ts';

// Each of these starts whole processes, on machines that may be busy.
vi.setConfig({ testTimeout: 600_000 });

const empty = mkdtempSync(join(tmpdir(), 'overdue-start-'));
afterAll(() => rmSync(empty, { recursive: true, force: true }));

describe('refusals', () => {
  test('a malformed value: its name, what it held, what is allowed; secrets are not shown', async () => {
    const env = await freshEnvironment({
      DATA_DIR: empty,
      PORT: '80a',
      DATABASE_URL: 'postgres://u:s3cret@/x?nonsense=1',
    });
    const { code, stdout, stderr } = await overdue(env, ['start']);
    expect(code).toBe(1);
    expect(stderr).toContain('PORT holds "80a". Allowed: a whole number from 0 to 65535.');
    expect(stderr).toContain('DATABASE_URL holds');
    expect(stdout + stderr).not.toContain('s3cret');
  });

  test.each([
    ['DATA_DIR is a file', CLI],
    ['DATA_DIR is where nothing can be made', process.platform === 'linux' ? '/proc/overdue' : '/dev/null/overdue'],
  ])('%s: said with the path', async (_name, path) => {
    const env = await freshEnvironment({ DATA_DIR: path });
    for (const command of [['start'], ['migrate'], ['maintenance', 'on']]) {
      const { code, stderr } = await overdue(env, command);
      expect(code).toBe(1);
      expect(stderr).toContain(`The directory ${path}`);
      expect(stderr).not.toContain('defect');
    }
    const doctor = await overdue(env, ['doctor']);
    expect(doctor).toMatchObject({ code: 1, stdout: expect.stringContaining(`data: The directory ${path}`) });
  });

  test('a port in use: its variable and its number; nothing is left running or half made', async () => {
    const env = await freshEnvironment({ DATA_DIR: empty });
    const other = await occupy(Number(env.PING_PORT));
    try {
      const { code, stderr } = await overdue(env, ['start']);
      expect(code).toBe(1);
      expect(stderr).toContain(`Port ${env.PING_PORT} (PING_PORT)`);
      expect(stderr).toContain('already in use');
      expect(existsSync(join(empty, 'run', 'overdue.lock'))).toBe(false);
      expect(existsSync(join(empty, 'postgres'))).toBe(false);
    } finally {
      other.close();
    }
  });

  test('one port for two services', async () => {
    const env = await freshEnvironment({ DATA_DIR: empty });
    const { code, stderr } = await overdue({ ...env, PING_PORT: env.PORT! }, ['start']);
    expect(code).toBe(1);
    expect(stderr).toContain(`PORT and PING_PORT are both ${env.PORT}`);
  });

  test('a database that refuses us stops the start and says why', async () => {
    const env = await freshEnvironment({ DATA_DIR: empty });
    const { code, stderr } = await overdue({ ...env, DATABASE_URL: `${product.databaseUrl}_missing` }, ['migrate']);
    expect(code).toBe(1);
    expect(stderr).toContain('has no database "overdue_missing"');
  });

  test.each([
    ['serve without a database', { SECRET_KEY: 'x'.repeat(50) }, 'serve web needs a database'],
    ['serve without SECRET_KEY', { DATABASE_URL: 'postgres://localhost/x' }, 'serve web needs SECRET_KEY'],
    ['serve with a malformed value', { PORT: '80a' }, 'PORT holds "80a"'],
  ])('%s: exit code 78, which says that starting again does not help', async (_name, extra, message) => {
    const { code, stderr } = await overdue(await freshEnvironment({ DATA_DIR: empty, ...extra }), ['serve', 'web']);
    expect(code).toBe(78);
    expect(stderr).toContain(message);
  });
});

let product: RunningProduct;
type RunningProduct = Product & { databaseUrl?: string };
beforeAll(async () => {
  product = await Product.start(await freshEnvironment());
  product.databaseUrl = `postgres://overdue@127.0.0.1:${product.database().target.hosts[0]!.port}/overdue`;
});
afterAll(() => product?.dispose());

test('a second instance on the same DATA_DIR is refused and does no harm to the first', async () => {
  const env = await freshEnvironment({ DATA_DIR: product.env.DATA_DIR! });
  const { code, stderr } = await overdue(env, ['start']);
  expect(code).toBe(1);
  expect(stderr).toContain(`Overdue is already running on ${product.env.DATA_DIR} (process ${product.pid}`);
  expect((await fetch(`${product.url}/api/v3/status/`)).status).toBe(200);
});

test('the generated secret is readable by its owner only', () => {
  expect(statSync(join(product.env.DATA_DIR!, 'secret_key')).mode & 0o777).toBe(0o600);
});

describe('the command line beside it', () => {
  test('bootstrap makes an account, a project, keys and a channel; stdout is one JSON object', async () => {
    const args = ['bootstrap', '--email', 'ops@example.org', '--password', 'correct horse battery', '--project', 'Ops'];
    const { code, stdout } = await overdue(product.env, args);
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ email: 'ops@example.org', project: { name: 'Ops' } });
    const checks = await fetch(`${product.url}/api/v3/checks/`, { headers: { 'x-api-key': result.api_key } });
    expect(checks.status).toBe(200);
  });

  test('doctor finds nothing wrong; migrate nothing to do', async () => {
    const doctor = await overdue(product.env, ['doctor']);
    expect(doctor.stdout).toContain('Nothing is wrong.');
    expect(doctor.code).toBe(0);
    expect(await overdue(product.env, ['migrate'])).toMatchObject({ code: 0, stdout: '' });
  });

  test('migrate and doctor say that the schema is newer than this release, and have nothing against it', async () => {
    const { sql, close } = product.database();
    await sql`insert into schema_migrations (name, timestamp) values ('9999_later', now()::text)`;
    try {
      const migrated = await overdue(product.env, ['migrate']);
      expect(migrated).toMatchObject({ code: 0, stdout: '' });
      expect(migrated.stderr).toContain('newer than this release, which runs on it: it has 9999_later');
      const doctor = await overdue(product.env, ['doctor']);
      expect(doctor).toMatchObject({ code: 0, stdout: expect.stringContaining('newer than this release') });
    } finally {
      await sql`delete from schema_migrations where name = '9999_later'`;
      await close();
    }
  });

  test('instances lists the processes; an ingester that lives is not dismissed', async () => {
    const { code, stdout } = await overdue(product.env, ['instances']);
    expect(code).toBe(0);
    const listed = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(listed.map(({ service, alive }) => [service, alive])).toEqual(
      ['ingester', 'sendalerts', 'sendreports', 'web'].map((service) => [service, true]),
    );
    expect(listed[0]).toMatchObject({ vouches_until: expect.stringMatching(/Z$/), spooling_since: null });
    const dismissed = await overdue(product.env, ['instances', 'dismiss', listed[0].id]);
    expect(dismissed).toMatchObject({ code: 1, stdout: '' });
    expect(dismissed.stderr).toContain('Stop it first');
  });

  test('maintenance takes a service out, and puts it back, without a restart', async () => {
    const ready = async () => (await fetch(`http://127.0.0.1:${product.env.INGESTER_ADMIN_PORT}/readyz`)).status;
    expect(await ready()).toBe(200);
    expect((await overdue(product.env, ['maintenance', 'on', '--service', 'ingester'])).code).toBe(0);
    expect(await ready()).toBe(503);
    expect((await overdue(product.env, ['maintenance', 'off'])).code).toBe(0);
    expect(await ready()).toBe(200);
  });

  test('started in maintenance, it says so, is ready, and reports that it is not', async () => {
    const env = await freshEnvironment();
    expect((await overdue(env, ['maintenance', 'on'])).code).toBe(0);
    const other = await Product.start(env);
    try {
      expect(other.output).toContain('Maintenance  is on for all services; overdue maintenance off ends it');
      expect((await fetch(`http://127.0.0.1:${env.WEB_ADMIN_PORT}/readyz`)).status).toBe(503);
    } finally {
      await other.dispose();
    }
  });

  test('schedule answers each line with its instants, or with why it is not valid', async () => {
    const lines = [
      { kind: 'cron', expr: '5 4 * * *', tz: 'Europe/Riga', start: '2026-01-01T00:00:00Z', count: 2 },
      { kind: 'cron', expr: 'nonsense', tz: 'UTC', start: '2026-01-01T00:00:00Z', count: 1 },
    ];
    const { code, stdout } = await overdue(
      { PATH: process.env.PATH! },
      ['schedule'],
      lines.map((l) => JSON.stringify(l)).join('\n'),
    );
    expect(code).toBe(0);
    const [first, second] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).toEqual({ next: ['2026-01-01T02:05:00Z', '2026-01-02T02:05:00Z'] });
    expect(second.error).toMatch(/\w/);
  });

  test('help config prints every variable', async () => {
    const { code, stdout } = await overdue({ PATH: process.env.PATH! }, ['help', 'config']);
    expect(code).toBe(0);
    for (const name of ['PORT', 'PING_THROTTLE_SECONDS', 'SITE_ROOT', 'EMAIL_HOST'])
      expect(stdout).toContain(`  ${name}  (`);
  });

  test('apply makes a project as a file says, and export prints it; a file that is wrong changes nothing', async () => {
    const file = join(product.env.DATA_DIR!, 'overdue.yaml');
    const long = 'x'.repeat(1_000_000); // more than a pipe holds: the command outlives its last word
    writeFileSync(file, `checks:\n  - slug: nightly\n    timeout: 1d\n    grace: 2h\n    desc: ${long}\n`);
    const args = ['apply', file, '--project', 'Ops'];
    expect(await overdue(product.env, args)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('+ check nightly'),
    });
    expect(await overdue(product.env, args)).toMatchObject({ code: 0, stdout: 'Nothing to do: 1 as wanted.\n' });
    const exported = await overdue(product.env, ['export', '--project', 'Ops']);
    expect(exported.stdout).toContain('slug: nightly');
    expect(exported.stdout.length).toBeGreaterThan(long.length);
    const wrong = await overdue(
      product.env,
      ['apply', '-', '--project', 'Ops'],
      'checks:\n  - slug: x\n    grace: 1\n',
    );
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('nothing was changed');
  });

  test.each([[['nonsense']], [['help', 'nonsense']]])(
    'a wrong call: exit code 2, and what there is: %j',
    async (args) => {
      const { code, stderr } = await overdue(product.env, args);
      expect(code).toBe(2);
      expect(stderr).toContain("unknown command 'nonsense'");
    },
  );
});

test('a supervisor that is killed: its services end, and the next start ends its database and takes over', async () => {
  const env = await freshEnvironment();
  const first = await Product.start(env);
  const postgres = first.pidOf('postgres')!;
  const web = first.pidOf('web')!;
  await first.stop('SIGKILL');
  await eventually('its web has ended', () => !alive(web));
  expect(alive(postgres)).toBe(true);
  const second = await Product.start(env);
  try {
    expect(alive(postgres)).toBe(false);
    expect(second.pidOf('postgres')).not.toBe(postgres);
  } finally {
    await second.dispose();
  }
});

test('stopped while it starts: exit code 0, nothing left running', async () => {
  const env = await freshEnvironment();
  const child = spawn(process.execPath, [CLI, 'start'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await eventually('the database starts', () => output.includes('postgres'));
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
  expect(existsSync(join(env.DATA_DIR!, 'run', 'postgres.pid'))).toBe(false);
  rmSync(env.DATA_DIR!, { recursive: true });
});

function occupy(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen({ port, host: '0.0.0.0' }, () => resolve(server));
  });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
