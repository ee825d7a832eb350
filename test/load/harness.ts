/** What the benchmarks share: servers to measure against, figures, and the table they are printed in. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@overdue/clock';
import { connect, type Database, migrate } from '@overdue/database';
import { type EmbeddedServer, embeddedTarget, initialise, startEmbedded } from '@overdue/database/embedded';
import { freePort } from '@overdue/database/testing/ports';
import { eventually } from '../support/eventually.ts';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** One measured number. Machines are noisy: where there is a limit, it was measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it has to reach, in words, and whether it did. */
  readonly bar?: string;
  readonly ok?: boolean;
  /** The same measured without our work, and value / limit. */
  readonly limit?: { readonly name: string; readonly value: number };
  readonly ratio?: number;
  readonly note?: string;
}

export interface Benchmark {
  readonly name: string;
  run(context: BenchContext): Promise<readonly Figure[]>;
}

/** A running process of ours. */
export interface Service {
  readonly process: ChildProcess;
  readonly port: number;
  readonly adminPort: number;
  /** Resident memory in bytes. */
  rss(): number;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
}

/** Everything a benchmark starts is ended with it. */
export class BenchContext {
  readonly #cleanups: (() => unknown)[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'overdue-bench-'));

  /** @param root folder of the built checkout whose services are measured */
  constructor(readonly root = ROOT) {}

  /** A durable PostgreSQL (fsync on) with an empty, migrated database. */
  async postgres(
    settings: Record<string, string> = {},
  ): Promise<{ database: Database; url: string; server: EmbeddedServer; restart(): Promise<EmbeddedServer> }> {
    const directory = join(this.folder, `postgres-${this.#cleanups.length}`);
    const port = await freePort();
    initialise({ directory });
    const start = () => startEmbedded({ directory, port, clock: systemClock, settings });
    let server = await start();
    this.cleanup(() => server.stop());
    const admin = connect({ target: embeddedTarget(port, 'postgres'), applicationName: 'bench', max: 1 });
    await admin.sql.unsafe('create database overdue');
    await admin.close();
    const database = connect({ target: embeddedTarget(port), applicationName: 'bench', max: 4 });
    this.cleanup(() => database.close(0));
    await migrate(database);
    return {
      database,
      url: `postgres://overdue@127.0.0.1:${port}/overdue?sslmode=disable`,
      get server() {
        return server;
      },
      restart: async () => {
        server = await start();
        return server;
      },
    };
  }

  /**
   * A service of ours as its own process, as `overdue serve` runs it; resolves when it is ready. BENCH_NODE_FLAGS: flags
   * for its Node.js, such as `--cpu-prof --cpu-prof-dir=/tmp/profiles`.
   */
  async service(name: 'ingester' | 'web' | 'sendalerts', env: Record<string, string>): Promise<Service> {
    const [port, adminPort] = [await freePort(), await freePort()];
    const portName = { ingester: 'PING_PORT', web: 'PORT', sendalerts: 'PORT' }[name];
    const flags = process.env.BENCH_NODE_FLAGS?.split(' ') ?? [];
    const child = spawn(process.execPath, [...flags, join(this.root, `services/${name}/dist/main.js`)], {
      env: {
        PATH: process.env.PATH,
        DATA_DIR: join(this.folder, `${name}-${port}`),
        SECRET_KEY: 'bench',
        LOG_LEVEL: 'warn',
        PING_HOST: '127.0.0.1',
        LISTEN_HOST: '127.0.0.1',
        INTEGRATIONS_ALLOW_PRIVATE_IPS: 'True',
        [portName]: String(port),
        [`${name.toUpperCase()}_ADMIN_PORT`]: String(adminPort),
        ...env,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const service = this.#service(child, port, adminPort);
    await eventually(`${name} is ready`, async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok);
    return service;
  }

  /** The no-work server; see no-work-server.ts. */
  async noWorkServer(): Promise<Service> {
    const child = fork(fileURLToPath(new URL('./no-work-server.js', import.meta.url)), { stdio: 'inherit' });
    const { port } = await new Promise<{ port: number }>((resolve) => child.once('message', resolve as never));
    return this.#service(child, port, 0);
  }

  #service(child: ChildProcess, port: number, adminPort: number): Service {
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const stop = async () => {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(force);
    };
    this.cleanup(stop);
    return { process: child, port, adminPort, rss: () => residentBytes(child.pid!), stop };
  }

  cleanup(work: () => unknown): void {
    this.#cleanups.push(work);
  }

  async close(): Promise<void> {
    for (const work of this.#cleanups.reverse()) await work();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Resident memory of a process in bytes (Linux). */
export function residentBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readStatus(pid))?.[1];
  return Number(kilobytes) * 1024;
}

function readStatus(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8');
}
