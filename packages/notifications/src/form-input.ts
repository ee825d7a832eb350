/** Reading what people enter, by the rules of integrations.md 0.1 (5 and 6). */

/** Without white space around it; missing is empty. */
export function textInput(value: string | undefined): string {
  return (value ?? '').trim();
}

/** Missing, empty or the word `false` is off; anything else, `0` included, is on. */
export function checkboxInput(value: string | undefined): boolean {
  const text = textInput(value);
  return text !== '' && text.toLowerCase() !== 'false';
}

/**
 * An http(s) URL as entered: completed with `https://` when it has no scheme; null when it is none. Hosts without a dot
 * and user names in it are fine.
 */
export function urlInput(value: string | undefined, max = 1000): string | null {
  let text = textInput(value);
  if (text === '') return null;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) text = `https://${text}`;
  if (text.length > max || !/^https?:\/\//i.test(text) || /\s/.test(text)) return null;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  // The parser is forgiving where people are wrong: http:///x, http://a_b@, http://[foo]
  return /^https?:\/\/[^/]/i.test(text) && url.hostname !== '' ? text : null;
}

export const INVALID_URL = 'Enter a valid URL.';

/** A plain check of an address: one @, something on both sides, a domain that can be one. */
export function emailInput(value: string | undefined, max = 100): string | null {
  const text = textInput(value);
  return text.length <= max && /^[^\s@"<>(),:;\\[\]]+@[^\s@.]+(\.[^\s@.]+)*$/.test(text) ? text : null;
}
