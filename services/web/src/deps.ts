import type { Clock } from '@overdue/clock';
import type { Config } from '@overdue/config';
import type { Database } from '@overdue/database';

/** The few calls of pino that the handlers make; `@overdue/observability`'s logger fits. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What every part of the web service is handed by main.ts. */
export interface WebDeps {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Log;
  /** SECRET_KEY; main.ts refuses to start without one. */
  readonly secretKey: string;
}
