/** Real processes for fault injection: an ingester, and a PostgreSQL of its own that may be killed. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@overdue/clock';
import { connect, type Database, migrate } from '@overdue/database';
import {
  EMBEDDED_USER,
  type EmbeddedServer,
  embeddedTarget,
  initialise,
  startEmbedded,
} from '@overdue/database/embedded';
import { freePort } from '@overdue/database/testing/ports';
import { eventually } from '../support/eventually.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export function temporaryDirectory(name: string): string {
  return mkdtempSync(join(tmpdir(), `overdue-${name}-`));
}

/** A server whose end is part of the test. Durable: what it acknowledged survives kill -9. */
export class PrivatePostgres {
  readonly port: number;
  readonly #folder: string;
  #server: EmbeddedServer | null = null;
  database!: Database;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  static async start(): Promise<PrivatePostgres> {
    const postgres = new PrivatePostgres(await freePort(), temporaryDirectory('chaos-pg'));
    initialise({ directory: postgres.#directory });
    await postgres.resume();
    const admin = connect({ target: embeddedTarget(postgres.port, 'postgres'), applicationName: 'chaos', max: 1 });
    await admin.sql.unsafe('create database overdue');
    await admin.close();
    postgres.database = connect({ target: embeddedTarget(postgres.port), applicationName: 'chaos', max: 2 });
    await migrate(postgres.database);
    return postgres;
  }

  get #directory(): string {
    return join(this.#folder, 'postgres');
  }

  url(port = this.port): string {
    return `postgres://overdue@127.0.0.1:${port}/overdue`;
  }

  /** Starts it (again). @param settings on top of the usual ones, until it ends */
  async resume(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const start = () =>
      startEmbedded({
        directory: this.#directory,
        port: this.port,
        clock: systemClock,
        settings: { shared_buffers: '64MB', restart_after_crash: 'on', ...settings },
      });
    // A child that a killed server had just made holds its memory for a moment.
    this.#server = await eventually('PostgreSQL starts', start);
  }

  /** A second server that follows this one: what this one acknowledges from now on, that one has, too. */
  async standby(): Promise<PrivatePostgres> {
    const standby = new PrivatePostgres(await freePort(), temporaryDirectory('chaos-standby'));
    await this.stop();
    execFileSync('cp', ['-a', this.#directory, standby.#directory]);
    writeFileSync(join(standby.#directory, 'standby.signal'), '');
    const primary = `host=127.0.0.1 port=${this.port} user=${EMBEDDED_USER} application_name=standby`;
    appendFileSync(join(standby.#directory, 'postgresql.auto.conf'), `primary_conninfo = '${primary}'\n`);
    await this.resume({ synchronous_standby_names: 'standby' });
    await standby.resume();
    standby.database = connect({ target: embeddedTarget(standby.port), applicationName: 'chaos', max: 2 });
    return standby;
  }

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    await this.database.sql`select pg_promote()`;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = null;
  }

  /** kill -9 of the postmaster and all its children. */
  async kill(): Promise<void> {
    for (const pid of this.#pids()) signal(pid, 'SIGKILL');
    await this.#server?.exited;
    this.#server = null;
  }

  freeze(): void {
    for (const pid of this.#pids()) signal(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.#pids()) signal(pid, 'SIGCONT');
  }

  async destroy(): Promise<void> {
    await this.database.close(1);
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #pids(): number[] {
    const pid = this.#server!.pid;
    return [pid, ...descendants(pid)];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in the meantime.
  }
}

function descendants(parent: number): number[] {
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent) {
        found.push(Number(name), ...descendants(Number(name)));
      }
    } catch {
      // It ended in the meantime.
    }
  }
  return found;
}

export interface IngesterSettings {
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** An ingester as `overdue serve ingester` runs it, from the built files. */
export class IngesterProcess {
  readonly pingPort: number;
  readonly adminPort: number;
  readonly #settings: IngesterSettings;
  #child: ChildProcess | null = null;
  /** Everything it printed. */
  output = '';

  private constructor(settings: IngesterSettings, pingPort: number, adminPort: number) {
    this.#settings = settings;
    this.pingPort = pingPort;
    this.adminPort = adminPort;
  }

  static async start(settings: IngesterSettings): Promise<IngesterProcess> {
    const ingester = new IngesterProcess(settings, await freePort(), await freePort());
    await ingester.start();
    return ingester;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Resolves when it takes pings. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [join(ROOT, 'services/ingester/dist/main.js')], {
      cwd: this.#settings.dataDir,
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: this.#settings.databaseUrl,
        DATA_DIR: this.#settings.dataDir,
        SECRET_KEY: 'a-secret-key-for-the-chaos-tests-0123456789',
        PING_HOST: '127.0.0.1',
        PING_PORT: String(this.pingPort),
        INGESTER_ADMIN_PORT: String(this.adminPort),
        ...this.#settings.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    await new Promise<void>((ready, failed) => {
      const before = this.output.length;
      const read = (chunk: Buffer) => {
        this.output += chunk.toString();
        if (this.output.slice(before).includes('Taking pings on port')) ready();
      };
      child.stdout!.on('data', read);
      child.stderr!.on('data', read);
      child.once('exit', (code) => failed(new Error(`The ingester ended with ${code}:\n${this.output}`)));
    });
  }

  /** Resolves with the exit code; null: by the signal. */
  async end(name: NodeJS.Signals): Promise<number | null> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = new Promise<number | null>((resolveEnd) => child.once('exit', (code) => resolveEnd(code)));
    child.kill(name);
    return ended;
  }

  /** A value of its metrics, or 0. */
  async metric(name: string): Promise<number> {
    return (await this.metrics(name))[0]!;
  }

  /** Several of one moment. */
  async metrics(...names: string[]): Promise<number[]> {
    const text = await (await fetch(`http://127.0.0.1:${this.adminPort}/metrics`)).text();
    const lines = text.split('\n');
    return names.map((name) => {
      const own = lines.filter((line) => new RegExp(`^overdue_ingester_${name}[{ ]`).test(line));
      return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    });
  }
}
