import { StartError } from '@overdue/observability';
import { Command, CommanderError } from 'commander';

/**
 * Runs one command line (without `node` and the script). Standard output carries the result only; everything said to
 * people goes to standard error.
 * @param stopping ends `start` in order; SIGINT and SIGTERM do so too
 * @returns the exit code: 0, 1 when the command failed, 2 when it was called wrongly, 78 when `serve` lacks a setting
 */
export async function main(args: readonly string[], stopping?: AbortSignal): Promise<number> {
  const exitCode = await run(args, stopping);
  if (!SERVING.has(args[0] ?? '')) await Promise.all([allTaken(process.stdout), allTaken(process.stderr)]);
  return exitCode;
}

/** These run until they are told to stop, and then do so in time: they do not wait for whoever reads what they say. */
const SERVING: ReadonlySet<string> = new Set(['start', 'serve']);

/**
 * Until the reader has taken all that was written, or is gone. Pipes are written to in the background: what a slow reader
 * has not taken when the process exits would be lost.
 */
async function allTaken(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}

async function run(args: readonly string[], stopping: AbortSignal | undefined): Promise<number> {
  let hasReader = true;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    hasReader = false;
  });
  let exitCode = 0;
  const program = commands((code) => {
    exitCode = code;
  }, stopping);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    // One that has seen enough (`| head`) is not an error.
    if (!hasReader && (error as NodeJS.ErrnoException).code === 'EPIPE') return exitCode;
    process.stderr.write(`${inWords(error)}\n`);
    return 1;
  }
}

/** What the operator can mend is said without a stack. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error instanceof StartError || EXPECTED.has(error.name);
  return expected ? error.message : `Unexpected error; this is a defect of Overdue.\n${error.stack}`;
}

const EXPECTED = new Set(['ConfigError', 'BootstrapError', 'MigrationError']);

/** Each command's module is loaded when it runs: `overdue schedule` has no use for a database driver. */
function commands(exit: (code: number) => void, stopping: AbortSignal | undefined): Command {
  const program = new Command('overdue')
    .description('Watches cron jobs and other scheduled work. Configuration: overdue help config.')
    .exitOverride()
    .helpCommand(false)
    .showHelpAfterError();

  program
    .command('start')
    .description('run everything in the foreground (npm start)')
    .action(async () => exit(await (await import('./commands/start.ts')).start(stopping)));
  program
    .command('bootstrap')
    .description('create a user, a project and an e-mail channel where missing, and new keys; prints them as JSON')
    .requiredOption('--email <address>')
    .requiredOption('--password <password>')
    .option('--project <name>')
    .action(async (o) => (await import('./commands/bootstrap.ts')).bootstrapCommand(o));
  program
    .command('migrate')
    .description('bring the database schema up to date; safe to run from several machines at once')
    .action(async () => (await import('./commands/migrate.ts')).migrateCommand());
  program
    .command('serve')
    .description('run one service: ingester, web, sendalerts or sendreports')
    .argument('<service>')
    .option('--no-migrate', 'leave the database schema as it is')
    .action(async (service: string, o) => exit(await (await import('./commands/serve.ts')).serve(service, o)));
  program
    .command('doctor')
    .description('check configuration, database, Redis, mail, clock and spool; exit code 1 if anything is wrong')
    .action(async () => exit(await (await import('./commands/doctor.ts')).doctor()));
  program
    .command('maintenance')
    .description("make this host's services report not-ready (on), or ready again (off); they go on working")
    .argument('<on|off>')
    .option('--service <service>', 'only this one')
    .action(async (state: string, o) => (await import('./commands/maintenance.ts')).maintenance(state, o));
  program
    .command('schedule')
    .description('read schedules as JSON lines on standard input, write their next instants')
    .action(async () => (await import('./commands/schedule.ts')).schedule());
  program
    .command('spool')
    .description('the pings that were accepted while the database was away')
    .argument('<status>')
    .action(async (what: string) => (await import('./commands/spool.ts')).spool(what));
  const instances = program
    .command('instances')
    .description('the running processes, and ingesters that are waited for');
  instances
    .command('list', { isDefault: true })
    .description('one JSON object a line')
    .action(async () => (await import('./commands/instances.ts')).showInstances());
  instances
    .command('dismiss')
    .description(
      'an ingester died and its spool is lost: judge lateness without it, sparing what may have been in there',
    )
    .argument('<id>')
    .option('--until <instant>', 'when it can have answered its last ping (default: now)')
    .option('--nothing-lost', 'it held no pings')
    .option('--by <name>', 'who says so, for the record')
    .action(async (id: string, o) => (await import('./commands/instances.ts')).dismissInstance(id, o));
  program
    .command('apply')
    .description('make a project as a YAML file says (- is standard input); prints what changes')
    .argument('<file>')
    .option('--project <name or code>', 'needed when there are several')
    .option('--dry-run', 'only print what would change')
    .option('--prune', 'also delete the checks that are not in the file')
    .action(async (file: string, o) => (await import('./commands/apply.ts')).apply(file, o));
  program
    .command('export')
    .description('print a project as the YAML file that apply takes')
    .option('--project <name or code>', 'needed when there are several')
    .option('--secrets', 'with the settings of integrations')
    .action(async (o) => (await import('./commands/export.ts')).exportCommand(o));
  const users = program.command('users').description('accounts');
  users
    .command('list')
    .description('one JSON object a line')
    .action(async () => (await import('./commands/users.ts')).listUsers());
  users
    .command('password')
    .description('set the password of an account and sign it out everywhere')
    .requiredOption('--email <address>')
    .requiredOption('--password <password>')
    .action(async (o) => (await import('./commands/users.ts')).changePassword(o));
  users
    .command('superuser')
    .description('make an account a superuser, or with --off an ordinary one')
    .requiredOption('--email <address>')
    .option('--off')
    .action(async (o) => (await import('./commands/users.ts')).changeSuperuser(o));
  program
    .command('help')
    .description('help on the commands, or on the configuration (help config)')
    .argument('[topic]')
    .action(async (topic: string | undefined) => {
      if (topic === 'config') return (await import('./commands/help-config.ts')).helpConfig();
      const command = topic === undefined ? program : program.commands.find((one) => one.name() === topic);
      if (command) command.outputHelp();
      else program.error(`error: unknown command '${topic}'`);
    });
  return program;
}
