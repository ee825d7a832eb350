import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import { prettyLine } from './pretty.ts';

export type { Logger } from 'pino';

/** Where log lines go; process.stdout is one. */
export interface LogDestination {
  write(line: string): void;
}

export interface CreateLoggerOptions {
  readonly service: string;
  /** The least severe level written: trace, debug, info, warn, error, fatal, or silent. */
  readonly level: string;
  /** json: one object a line; pretty: lines for people. */
  readonly format: 'json' | 'pretty';
  /** Default: standard output, written synchronously so that the last words before a crash are not lost. */
  readonly destination?: LogDestination;
}

/** What must not be in a log, wherever it turns up one or two levels deep. */
const SECRETS = ['authorization', 'cookie', 'password', 'api_key', 'x-api-key', 'SECRET_KEY'].flatMap((key) => [
  `["${key}"]`,
  `*["${key}"]`,
  `*.*["${key}"]`,
]);

/** The process's logger; `logger.child({ check: code })` adds context. Errors go under the key `err`. */
export function createLogger(options: CreateLoggerOptions): Logger {
  const settings: LoggerOptions = {
    level: options.level,
    base: { service: options.service },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRETS, censor: '[hidden]' },
  };
  const destination = options.destination ?? pino.destination({ fd: 1, sync: true });
  if (options.format === 'json') return pino(settings, destination);
  return pino(settings, { write: (line: string) => destination.write(prettyLine(line)) });
}
