import type { z } from 'zod';
import type { Visit } from './visit.ts';

/** Input fields by name, as typed; to show a form again with nothing lost. */
export type Values = Readonly<Record<string, string>>;
/** What is wrong, by the name of the field. `''` is the form as a whole. */
export type Errors = Readonly<Record<string, string>>;

/** What was posted, as text: a field sent several times is its last value here, see {@link listOf}. */
export function valuesOf(visit: Visit): Values {
  const body = (visit.req.body ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, clean(String(Array.isArray(value) ? value.at(-1) : value))]),
  );
}

/** All values of a field that may be sent several times (checkboxes). */
export function listOf(visit: Visit, name: string): string[] {
  const value = ((visit.req.body ?? {}) as Record<string, unknown>)[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

export type FormResult<T> = { readonly ok: true; readonly data: T } | { readonly ok: false; readonly errors: Errors };

/** Runs a form's schema; of several complaints about a field the first is kept. */
export function parseForm<S extends z.ZodType>(schema: S, values: Values): FormResult<z.output<S>> {
  const result = schema.safeParse(values);
  if (result.success) return { ok: true, data: result.data };
  const errors: Record<string, string> = {};
  for (const issue of result.error.issues) errors[String(issue.path[0] ?? '')] ??= issue.message;
  return { ok: false, errors };
}

/** Line ends of browsers become plain; what PostgreSQL cannot hold is dropped. */
function clean(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\uFFFD');
}
