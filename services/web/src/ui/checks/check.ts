import type { Access } from '@overdue/accounts';
import { pingEndpoint } from '@overdue/config';
import type { CheckRow } from '@overdue/operations';
import type { Visit } from '../../http/visit.ts';

/** The name, or the code of an unnamed check. */
export function checkTitle(check: Pick<CheckRow, 'name' | 'code'>): string {
  return check.name || check.code;
}

/**
 * Where this check is pinged, in the style that the project shows; null when that is by slug and the check has none.
 * People who may only read get the UUID form: the other contains the project's ping key.
 */
export function pingUrl(visit: Visit, access: Access, check: Pick<CheckRow, 'code' | 'slug'>): string | null {
  const endpoint = pingEndpoint(visit.deps.config);
  const { show_slugs, ping_key } = access.project;
  if (!show_slugs || !access.canWrite || ping_key === null) return endpoint + check.code;
  return check.slug === '' ? null : `${endpoint}${ping_key}/${check.slug}`;
}
