import type { DeliveryDeps } from '@overdue/notifications';
import type { WebDeps } from '../deps.ts';

/** What the management API is handed. */
export interface ApiDeps extends WebDeps {
  /** For test messages and links that confirm an address. */
  readonly delivery: DeliveryDeps;
}
