import { z } from 'zod';

/** What is stored of an e-mail integration: its address, and which changes it is told of. */
export interface EmailValue {
  readonly value: string;
  readonly up: boolean;
  readonly down: boolean;
}

/** Of the stored value; a plain address is how the original once stored it. */
export const schema = z.preprocess(
  (stored) => (typeof stored === 'string' ? { value: stored, up: true, down: true } : stored),
  z.object({ value: z.string(), up: z.boolean().catch(true), down: z.boolean().catch(true) }),
) as z.ZodType<EmailValue>;

/** From the database; the address is empty when that is not what an e-mail integration stores. */
export function emailValue(stored: unknown): EmailValue {
  const read = schema.safeParse(stored);
  return read.success ? read.data : { value: '', up: true, down: true };
}
