import { createHash } from 'node:crypto';

/**
 * What a check is called where its code must not be told (management-api.md M-22): read-only API keys, Prometheus labels.
 * @param code the check's UUID
 */
export function uniqueKey(code: string): string {
  return createHash('sha1').update(code.toLowerCase().replaceAll('-', '').slice(0, 16)).digest('hex');
}
