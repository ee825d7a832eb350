import { z } from 'zod';

/** How the text of a variable becomes a value, and how a value is printed again. One for each kind of variable. */
export interface ValueType<T> {
  /** The word for it in the documentation: bool, int, text, list… */
  readonly name: string;
  /** What may be written, as the end of the sentence "Allowed: …". */
  readonly allowed: string;
  /** From the text in the environment to the value. Its messages never repeat what they were given. */
  readonly schema: z.ZodType<T, string>;
  /** The text one would write in the environment to get `value`; the empty string for "nothing". */
  print(value: T): string;
}

/** The message of an issue that says nothing beyond "Allowed: …" (zod would otherwise add words of its own). */
export const NO_REASON = 'not allowed';

/** What a reader of text found wrong, in words that follow "Allowed: …". Never contains what was read. */
export class Malformed extends Error {}

/**
 * A {@link ValueType} from a plain function that throws {@link Malformed} for text it does not accept.
 * Throwing anything else is a defect and is passed on.
 */
export function valueType<T>(definition: {
  name: string;
  allowed: string;
  read: (text: string) => T;
  print?: (value: T) => string;
}): ValueType<T> {
  const { name, allowed, read } = definition;
  const schema = z.string().transform((text, context): T => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      context.addIssue({ code: 'custom', message: error.message || NO_REASON });
      return z.NEVER;
    }
  });
  const print = definition.print ?? ((value: T) => (value === null ? '' : String(value)));
  return { name, allowed, schema, print };
}

/** The same type in which the empty text means "not set": off, or the default. */
export function orOff<T>(type: ValueType<T>): ValueType<T | null> {
  return valueType<T | null>({
    name: type.name,
    allowed: `${type.allowed}, or empty for none`,
    read: (text) => {
      if (text === '') return null;
      const result = type.schema.safeParse(text);
      if (!result.success) throw new Malformed(result.error.issues[0]?.message);
      return result.data;
    },
    print: (value) => (value === null ? '' : type.print(value)),
  });
}
