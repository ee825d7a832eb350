import { type DeliveryDeps, HttpClient, Mailer, notificationOptions } from '@overdue/notifications';
import type { WebDeps } from './deps.ts';

/** What sends test messages and verification links from here; alerts are sent by sendalerts. */
export interface Messages {
  readonly delivery: DeliveryDeps;
  close(): Promise<void>;
}

export function makeMessages(deps: WebDeps): Messages {
  const options = notificationOptions(deps.config, deps.secretKey);
  const mailer = new Mailer(options.email);
  const http = new HttpClient(options.http, deps.clock);
  return {
    delivery: { sql: deps.database.sql, clock: deps.clock, options, http, mailer, logger: deps.logger },
    async close() {
      mailer.close();
      await http.close();
    },
  };
}
