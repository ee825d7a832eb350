import type { Refusal } from '@overdue/operations';
import { z } from 'zod';
import type { ResponseDescription } from './endpoint.ts';
import { empty, jsonError, type Reply } from './reply.ts';

export const errorSchema = z.strictObject({ error: z.string() }).meta({ id: 'Error' });

/** Answers that many operations have. */
export const RESPONSES = {
  badRequest: { description: 'The request is not valid; `error` says why.', schema: errorSchema },
  otherProject: { description: 'The check belongs to another project.' },
  noCheck: { description: 'There is no such check.', contentType: 'text/html' },
  away: { description: 'The database cannot be reached; try again.', schema: errorSchema },
} as const satisfies Record<string, ResponseDescription>;

/** The answer for an operation that was refused, once the check has been found and is the project's. */
export function refused(refusal: Refusal): Reply {
  switch (refusal.refused) {
    case 'not-found':
      return empty(404); // deleted meanwhile (M-52)
    case 'check-limit':
      return empty(403);
    case 'not-paused':
      return { ...empty(409), body: refusal.message };
    case 'channels':
    case 'checks':
      return jsonError(400, refusal.message);
    case 'invalid':
      return jsonError(400, `json validation error: ${refusal.message}`);
  }
}
