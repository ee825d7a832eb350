import type { ForCheck } from '../../http/handlers.ts';

/**
 * Where an action on a check returns to: the list with its filters when it was started there, else the details. From
 * the form, because the Referer may be missing; anything but our own list is ignored.
 */
export function backTo(visit: ForCheck): string {
  return listIn(visit, posted(visit)) ?? detailsOf(visit);
}

/**
 * Where editing a check returns to: the details when it was begun there, else the list with its filters (web-ui.md
 * DN-2, CF-5). Our own forms say where ({@link EditedFrom}); of others the Referer does.
 */
export function afterEdit(visit: ForCheck): string {
  const from = posted(visit) || pathOf(visit, visit.req.headers.referer);
  const details = detailsOf(visit);
  return from === details ? details : (listIn(visit, from) ?? listOf(visit));
}

/** A field of an edit form: the page that led to it. */
export function EditedFrom({ visit }: { readonly visit: ForCheck }) {
  const from = posted(visit) || pathOf(visit, visit.req.headers.referer);
  return <input type="hidden" name="back" value={listIn(visit, from) ?? detailsOf(visit)} />;
}

function posted(visit: ForCheck): string {
  const { back } = (visit.req.body ?? {}) as Record<string, unknown>;
  return typeof back === 'string' ? back : '';
}

/** The path and query of one of our addresses, without the site's prefix. */
function pathOf(visit: ForCheck, address: string | undefined): string {
  if (address === undefined || !URL.canParse(address)) return '';
  const { pathname, search } = new URL(address);
  const { base } = visit.site;
  return pathname.startsWith(`${base}/`) ? pathname.slice(base.length) + search : '';
}

function detailsOf(visit: ForCheck): string {
  return `/checks/${visit.check.code}/details/`;
}

function listOf(visit: ForCheck): string {
  return `/projects/${visit.access.project.code}/checks/`;
}

/** `from` if it is this project's list, with whatever filters. */
function listIn(visit: ForCheck, from: string): string | null {
  const list = listOf(visit);
  return from === list || (from.startsWith(`${list}?`) && /^[\w/?=&%.+~*-]{1,500}$/.test(from)) ? from : null;
}
