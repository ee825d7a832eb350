/**
 * A request may name the whole URL, as one to a proxy does, and every server has to take it (RFC 9112, 3.2.2).
 * @returns the path and query of either form
 */
export function pathOfTarget(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?]*/i, '');
  return path === target || path.startsWith('/') ? path : `/${path}`;
}
