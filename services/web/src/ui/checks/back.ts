import type { ForCheck } from '../../http/handlers.ts';

/**
 * Where an action on a check returns to: the list with its filters when it was started there, else the details. From
 * the form, because the Referer may be missing; anything but our own list is ignored.
 */
export function backTo(visit: ForCheck): string {
  const details = `/checks/${visit.check.code}/details/`;
  const body = (visit.req.body ?? {}) as Record<string, unknown>;
  const list = `/projects/${visit.access.project.code}/checks/`;
  const back = typeof body.back === 'string' ? body.back : '';
  return back === list || (back.startsWith(`${list}?`) && /^[\w/?=&%.+~*-]{1,500}$/.test(back)) ? back : details;
}
