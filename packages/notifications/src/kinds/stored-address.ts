import { z } from 'zod';

/**
 * The schema of a kind whose stored value is a pasted address, or the answer of the receiver's OAuth flow: JSON with the
 * address in it. A text that only looks like JSON is taken for an address; it fails when it is called, and nowhere else.
 * @param field of the answer that holds an object with the address as `url`
 */
export function storedAddress(field: string): z.ZodType<string> {
  return z.preprocess((stored) => {
    const answer = parsed(stored) as Record<string, { url?: unknown } | undefined> | null | undefined;
    return answer?.[field]?.url ?? answer;
  }, z.string()) as z.ZodType<string>;
}

function parsed(stored: unknown): unknown {
  if (typeof stored !== 'string' || !stored.startsWith('{')) return stored;
  try {
    return JSON.parse(stored);
  } catch {
    return stored;
  }
}
