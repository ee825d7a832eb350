import { randomInt } from 'node:crypto';

/** `length` characters, each drawn evenly from `alphabet` by the system's secure source. */
export function randomText(length: number, alphabet: string): string {
  let text = '';
  for (let i = 0; i < length; i++) text += alphabet[randomInt(alphabet.length)];
  return text;
}
