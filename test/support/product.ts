/** The whole product as real processes: `overdue start` on a fresh DATA_DIR and free ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type Database } from '@overdue/database';
import { embeddedTarget } from '@overdue/database/embedded';
import { freePorts } from '@overdue/database/testing/ports';
import { eventually } from './eventually.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CLI = join(ROOT, 'packages/cli/dist/bin.js');

export type Environment = Record<string, string>;

/** A directory and ports of its own; everything of ours that the surrounding environment sets is taken out. */
export async function freshEnvironment(extra: Environment = {}): Promise<Environment> {
  const ports = await freePorts(6);
  const names = [
    'PORT',
    'PING_PORT',
    'WEB_ADMIN_PORT',
    'INGESTER_ADMIN_PORT',
    'SENDALERTS_ADMIN_PORT',
    'SENDREPORTS_ADMIN_PORT',
  ];
  return {
    ...inherited(),
    DATA_DIR: extra.DATA_DIR ?? mkdtempSync(join(tmpdir(), 'overdue-e2e-')),
    ...Object.fromEntries(names.map((name, i) => [name, String(ports[i])])),
    ...extra,
  };
}

/** What a program needs to run at all; not the settings of the developer's own Overdue. */
function inherited(): Environment {
  const kept = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'npm_config_cache', 'npm_config_registry'];
  return Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command of the CLI to its end. */
export async function overdue(env: Environment, args: readonly string[], input = ''): Promise<Finished> {
  const child = spawn(process.execPath, [CLI, ...args], { env, cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  // A command that ends without having read everything says so by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

export type PidName = 'ingester' | 'web' | 'sendalerts' | 'sendreports' | 'postgres';

export class Product {
  readonly env: Environment;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  /** Everything it printed. */
  output = '';

  private constructor(env: Environment, command: readonly string[]) {
    this.env = env;
    const [program, ...args] = command;
    this.#child = spawn(program!, args, { env, cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        this.output += chunk;
      });
    }
    this.#exited = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  /** Starts it and waits until it says that it is ready. @throws with its output when it ends before that */
  static async start(
    env: Environment,
    command: readonly string[] = [process.execPath, CLI, 'start'],
  ): Promise<Product> {
    const product = new Product(env, command);
    let ended = false;
    void product.#exited.then(() => {
      ended = true;
    });
    try {
      await eventually('overdue is ready', () => ended || /^overdue ready/m.test(product.output), { seconds: 170 });
      if (ended) throw new Error('it ended');
    } catch (error) {
      await product.stop();
      throw new Error(`overdue start: ${(error as Error).message}\n${product.output}`);
    }
    return product;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get url(): string {
    return `http://localhost:${this.env.PORT}`;
  }

  get pingUrl(): string {
    return `http://localhost:${this.env.PING_PORT}`;
  }

  /** The pid in DATA_DIR/run, as running.md promises; null: no file. */
  pidOf(name: PidName): number | null {
    try {
      return Number(readFileSync(join(this.env.DATA_DIR!, 'run', `${name}.pid`), 'utf8'));
    } catch {
      return null;
    }
  }

  /** kill -9, then waits until another process has taken its place. */
  async kill(name: PidName): Promise<void> {
    const before = await eventually(`there is a ${name}`, () => this.pidOf(name));
    process.kill(before, 'SIGKILL');
    await eventually(`${name} is back`, () => {
      const pid = this.pidOf(name);
      return pid !== null && pid !== before;
    });
  }

  /** A pool on the embedded database; close it. */
  database(): Database {
    const port = Number(readFileSync(join(this.env.DATA_DIR!, 'run', 'postgres.port'), 'utf8'));
    return connect({ target: embeddedTarget(port), applicationName: 'test', max: 2 });
  }

  /** Sends the signal and resolves to the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    return await this.#exited;
  }

  /** Stops it and removes its DATA_DIR. */
  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.env.DATA_DIR!, { recursive: true, force: true });
  }
}
