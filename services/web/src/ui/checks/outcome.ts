import type { Outcome } from '@overdue/operations';
import { HttpError, notFound } from '../../http/http-error.ts';

/** The value of an operation, or the answer that a refusal of it deserves. */
export function demand<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  if (outcome.refused === 'not-found') throw notFound();
  throw new HttpError(400, outcome.message);
}
