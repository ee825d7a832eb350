import { type CheckRequest, parseCheckRequest } from '@overdue/operations';
import { jsonError, type Reply } from '../http/reply.ts';

/** A request's fields, or the 400 for the first that is wrong (§7.3). */
export function readCheckRequest(
  body: Readonly<Record<string, unknown>>,
): { readonly request: CheckRequest } | { readonly refusal: Reply } {
  const { timeout, grace } = body;
  const result = parseCheckRequest({ ...body, ...integers({ timeout, grace }) });
  return result.ok
    ? { request: result.request }
    : { refusal: jsonError(400, `json validation error: ${result.message}`) };
}

/** Booleans count as 1 and 0 where a number is wanted (M-36). */
function integers(fields: Record<string, unknown>): Record<string, unknown> {
  const converted: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'boolean') converted[name] = Number(value);
  }
  return converted;
}
