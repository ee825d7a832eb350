import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isFirstRun } from '@overdue/accounts';
import type { Clock } from '@overdue/clock';
import { type Config, type DatabaseTarget, databaseTarget } from '@overdue/config';
import {
  adminPortVariable,
  EXIT_START_ERROR,
  inMaintenance,
  pidFile,
  SERVICES,
  type ServiceName,
  StartError,
} from '@overdue/observability';
import { serviceMain } from '../commands/serve.ts';
import { choosePort, createCluster, createDatabase, knownTarget, startCluster } from '../embedded/cluster.ts';
import { lockDataDir } from '../support/data-dir-lock.ts';
import { makeDirectory } from '../support/directory.ts';
import { migrateBeforeStart } from '../support/migration.ts';
import { checkPorts, type Listener } from '../support/ports.ts';
import { isStopped, signal } from '../support/processes.ts';
import { generatedSecretKey } from '../support/secret-key.ts';
import { pingEndpoint, serviceEnvironment, usesEmbedded } from './environment.ts';
import { type Exit, Keeper } from './keeper.ts';
import { endLeftovers } from './leftovers.ts';
import { Liveness } from './liveness.ts';
import { answers, notWorking } from './readiness.ts';
import type { Terminal } from './terminal.ts';

export interface SupervisorOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly terminal: Terminal;
  /** Aborted when the product is to stop. */
  readonly stopping: AbortSignal;
}

/** A service that ends this often before everything was ready for the first time will not get better. */
const GIVE_UP_AFTER = 5;
/** After DRAIN_SECONDS; with the database's own steps below, an orderly stop takes at most 15 s. */
const SERVICE_STOP_MS = 9000;
const DATABASE_STOP_MS = 3000;
/**
 * What PostgreSQL logs after SIGTERM (the whole line: in others there may be anybody's text), and how long we wait then for
 * whoever sent it to tell us to stop, too.
 */
const SMART_SHUTDOWN = /^LOG: +(00000: +)?received smart shutdown request$/;
const SMART_SHUTDOWN_MS = 500;

/**
 * Runs everything until `stopping` is aborted, then stops it: the services first, the database last.
 * @throws StartError when it could not be started, after ending what had been
 */
export async function supervise(options: SupervisorOptions): Promise<void> {
  const { config, clock, terminal } = options;
  const lock = await lockDataDir(config.DATA_DIR, clock, usesEmbedded(config));
  if (!('release' in lock)) {
    throw new StartError(
      `Overdue is already running on ${config.DATA_DIR} (process ${lock.pid} on ${lock.host}, since ${lock.since}). ` +
        'Stop that one first, or set DATA_DIR to another directory.',
    );
  }
  try {
    await endLeftovers(config.DATA_DIR, clock, (line) => terminal.say(line));
    await checkPorts(listeners(config));
    makeDirectory(config.SPOOL_DIR, 'SPOOL_DIR', 0o700);
    await new Supervisor(options).run();
  } finally {
    lock.release();
  }
}

function listeners(config: Config): Listener[] {
  const { ADMIN_HOST } = config;
  return [
    { variable: 'PORT', host: config.LISTEN_HOST, port: config.PORT },
    { variable: 'PING_PORT', host: config.PING_HOST, port: config.PING_PORT },
    ...(config.SMTPD_PORT ? [{ variable: 'SMTPD_PORT', host: config.PING_HOST, port: config.SMTPD_PORT }] : []),
    ...SERVICES.map((service) => {
      const variable = adminPortVariable(service);
      return { variable, host: ADMIN_HOST, port: config[variable] };
    }),
  ];
}

class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #services = new Map<ServiceName, Keeper>();
  readonly #liveness: Liveness[] = [];
  #database: Keeper | undefined;
  /** Set when a start is hopeless. */
  #failure: StartError | undefined;
  readonly #failed = new AbortController();
  #ready = false;
  readonly #began: number;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#began = options.clock.monotonic();
  }

  async run(): Promise<void> {
    const { terminal, stopping } = this.#options;
    try {
      await this.#start();
      if (!this.#over()) await aborted(stopping, this.#failed.signal);
      if (this.#failure) throw this.#failure;
    } finally {
      if (stopping.aborted) terminal.say('Stopping …');
      await this.#stop();
      if (stopping.aborted) terminal.say('Overdue has stopped.');
    }
  }

  async #start(): Promise<void> {
    const { config, env, terminal } = this.#options;
    const embeddedPort = usesEmbedded(config) ? await this.#startDatabase() : null;
    if (this.#over()) return;
    const target = embeddedPort === null ? databaseTarget(config)! : knownTarget(config.DATA_DIR)!;
    const firstRun = await this.#migrate(target as DatabaseTarget);
    if (this.#over()) return;
    const secretKey = config.SECRET_KEY ?? generatedSecretKey(config.DATA_DIR);
    const environment = serviceEnvironment({ env, config, secretKey, embeddedPort });
    terminal.say(`Starting ${SERVICES.join(', ')} …`);
    for (const service of SERVICES) this.#startService(service, environment);
    await this.#untilReady();
    if (!this.#over()) this.#announce(firstRun, embeddedPort);
  }

  /** Starts the embedded database and resolves to its port when it answers. */
  async #startDatabase(): Promise<number> {
    const { config, clock, terminal } = this.#options;
    const { DATA_DIR: dataDir } = config;
    terminal.say(`Starting the embedded PostgreSQL in ${dataDir} …`);
    createCluster(dataDir);
    const port = await choosePort(
      dataDir,
      listeners(config).map((listener) => listener.port),
    );
    let answered: () => void;
    const answering = new Promise<void>((resolve) => {
      answered = resolve;
    });
    const hurry = () => this.#hurryDatabase();
    this.#database = new Keeper({
      name: 'postgres',
      pidFile: pidFile(dataDir, 'postgres'),
      clock,
      say: (line) => terminal.say(line),
      stopSteps: [
        ['SIGINT', DATABASE_STOP_MS],
        ['SIGQUIT', 1000],
        ['SIGKILL', 1000],
      ],
      async launch(onSpawn) {
        const log = (line: string) => {
          terminal.line('postgres', line);
          if (SMART_SHUTDOWN.test(line)) hurry();
        };
        const server = await startCluster({ dataDir, port, clock, log, onSpawn });
        answered();
        return server;
      },
      onEnd: (exit, times, error) => this.#mayStartAgain('postgres', exit, times, error),
    });
    this.#database.start();
    await Promise.race([answering, aborted(this.#options.stopping, this.#failed.signal)]);
    return port;
  }

  /** Somebody told the database to stop: it takes no new sessions, but would wait for ever for those of the services. */
  #hurryDatabase(): void {
    const { clock, terminal, stopping } = this.#options;
    const pid = this.#database?.pid;
    clock.after(SMART_SHUTDOWN_MS, () => {
      // Told so together with us: then the services go first, as ever.
      if (pid === undefined || pid !== this.#database?.pid || stopping.aborted) return;
      terminal.say('postgres was told to stop, but not by us: its sessions are ended, so that it is started again');
      signal(pid, 'SIGINT');
    });
  }

  /** Resolves to whether nobody has an account yet. Null: the schema is not there yet, and we go on trying. */
  #migrate(target: DatabaseTarget): Promise<boolean | null> {
    const { config, terminal, clock, stopping } = this.#options;
    return migrateBeforeStart({
      target,
      applicationName: 'overdue start',
      clock,
      stopping: AbortSignal.any([stopping, this.#failed.signal]),
      say: (line) => terminal.say(line),
      prepare: async () => {
        if (usesEmbedded(config)) await createDatabase(target.hosts[0]!.port);
      },
      whenDone: (database) => isFirstRun(database.sql),
    });
  }

  #startService(service: ServiceName, env: NodeJS.ProcessEnv): void {
    const { config, clock, terminal } = this.#options;
    const main = serviceMain(service);
    if (!existsSync(main)) throw new StartError(`${main} is missing: build first (npm run build).`);
    const keeper = new Keeper({
      name: service,
      pidFile: pidFile(config.DATA_DIR, service),
      clock,
      say: (line) => terminal.say(line),
      stopSteps: [
        ['SIGTERM', config.DRAIN_SECONDS * 1000 + SERVICE_STOP_MS],
        ['SIGKILL', 1000],
      ],
      async launch(spawned) {
        // A process group of its own: Ctrl-C in the terminal reaches us alone. The channel tells it when we are gone.
        const child = spawn(process.execPath, [main], {
          env,
          detached: true,
          stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        });
        if (child.pid !== undefined) spawned(child.pid);
        terminal.follow(service, child.stdout!);
        terminal.follow(service, child.stderr!);
        const exited = new Promise<Exit>((resolve, reject) => {
          child.once('exit', (code, signal) => resolve({ code, signal }));
          child.once('error', reject);
        });
        return { exited };
      },
      onEnd: (exit, times, error) => this.#mayStartAgain(service, exit, times, error),
    });
    this.#services.set(service, keeper);
    keeper.start();
    const liveness = new Liveness({
      name: service,
      clock,
      pid: () => keeper.pid,
      answers: () => answers(config, service),
      stopped: isStopped,
      end: (pid) => signal(pid, 'SIGKILL'),
      say: (line) => terminal.say(line),
    });
    this.#liveness.push(liveness);
    liveness.start();
  }

  /** Once everything has been ready, whatever ends is started again; until then, what will not get better ends us. */
  #mayStartAgain(name: string, exit: Exit, times: number, error: unknown): boolean {
    if (this.#ready || (exit.code !== EXIT_START_ERROR && times < GIVE_UP_AFTER)) return true;
    const why = error instanceof Error ? `: ${error.message}` : '; see its last lines above';
    this.#failure ??= new StartError(`Overdue could not start: ${name} does not start${why}.`);
    this.#failed.abort();
    return false;
  }

  async #untilReady(): Promise<void> {
    const { config, clock, terminal } = this.#options;
    let lastWord = clock.monotonic();
    for (;;) {
      const answers = await Promise.all(SERVICES.map((service) => notWorking(config, service)));
      if (this.#over()) return;
      const waiting = answers.filter((answer) => answer !== null);
      if (waiting.length === 0) break;
      if (clock.monotonic() - lastWord > 10_000) {
        terminal.say(`Still waiting: ${waiting.join(' ')}`);
        lastWord = clock.monotonic();
      }
      await clock.sleep(100);
    }
    this.#ready = true;
  }

  #announce(firstRun: boolean | null, embeddedPort: number | null): void {
    const { config, env, clock, terminal } = this.#options;
    const isSet = (name: string) => env[name] !== undefined || Boolean(env[`${name}_FILE`]);
    const rows = [
      ['Dashboard', config.SITE_ROOT],
      firstRun === false
        ? ['Sign in', 'with your e-mail address and password']
        : ['First visit', 'open the dashboard: it asks you to create the administrator’s account'],
      ['Ping URLs', `${pingEndpoint(config, isSet)}…`],
      ...this.#maintenanceRow(),
      ['Data', `${config.DATA_DIR}${embeddedPort === null ? '' : ` (embedded PostgreSQL on port ${embeddedPort})`}`],
    ];
    terminal.say('');
    for (const [name, value] of rows) terminal.say(`  ${name!.padEnd(12)} ${value}`);
    terminal.say('');
    const seconds = ((clock.monotonic() - this.#began) / 1000).toFixed(1);
    terminal.say(`overdue ready in ${seconds} s at ${config.SITE_ROOT} (Ctrl-C stops it)`);
  }

  /** While maintenance is on, the services work but say that they are not ready: better read it here than wonder. */
  #maintenanceRow(): string[][] {
    const { DATA_DIR } = this.#options.config;
    const out = SERVICES.filter((service) => inMaintenance(DATA_DIR, service));
    if (out.length === 0) return [];
    const which = out.length === SERVICES.length ? 'all services' : out.join(', ');
    return [['Maintenance', `is on for ${which}; overdue maintenance off ends it`]];
  }

  #over(): boolean {
    return this.#options.stopping.aborted || this.#failure !== undefined;
  }

  async #stop(): Promise<void> {
    for (const liveness of this.#liveness) liveness.stop();
    await Promise.all([...this.#services.values()].map((keeper) => keeper.stop()));
    await this.#database?.stop();
  }
}

function aborted(...signals: AbortSignal[]): Promise<void> {
  const any = AbortSignal.any(signals);
  return new Promise((resolve) => {
    if (any.aborted) resolve();
    else any.addEventListener('abort', () => resolve(), { once: true });
  });
}
