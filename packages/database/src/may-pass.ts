import { isConnectionError } from './connect.ts';

/**
 * True when `error` says nothing against what was to be written, so that the same statement may do another time: the
 * server was away or stopped it, another transaction stood in its way, or the server's state was wrong and can be mended
 * without us. False: the statement's own values are refused (a text that no column can hold, say), and it will be again.
 *
 *   25 transaction state (read-only)   28 not authorised       3D no such database   40 rolled back (deadlock)
 *   42 no such table or right          55 lock not available   57 stopped            58 the server's disk or system
 */
export function mayPass(error: unknown): boolean {
  if (isConnectionError(error)) return true;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^(25|28|3D|40|42|55|57|58)[0-9A-Z]{3}$/.test(code);
}
