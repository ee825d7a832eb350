/** What messages may show of a value. */
import type { Definition } from './setting.ts';

const MASKED = '********';

/** The longest piece of a value that a message repeats. */
const SHOWN = 200;

/** What a variable held, for a message. */
export function held(definition: Definition<unknown>, text: string): string {
  if (text === '') return 'nothing (it is empty)';
  if (definition.secret) return 'a value that is not shown because it is secret';
  const safe = text.replace(/:\/\/[^/?#]*@/g, `://${MASKED}@`); // a password written into a URL that takes none
  return JSON.stringify(safe.length > SHOWN ? `${safe.slice(0, SHOWN)}…` : safe);
}

/** What a NAME_FILE held: its path, unless somebody may have put the secret itself there. */
export function heldPath(definition: Definition<unknown>, path: string): string {
  const looksLikeAPath = /^(\/[\w.-]+){2,}$/.test(path);
  return definition.secret && !looksLikeAPath
    ? 'something that is not shown because it may be the secret itself'
    : held({ ...definition, secret: false }, path);
}
