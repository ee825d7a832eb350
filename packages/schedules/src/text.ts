import { ScheduleError } from './error.ts';

/*
 * Both dialects take any Unicode white space between their parts. JavaScript's `\s` is nearly that: it also takes the
 * byte order mark, and leaves out four separators of ASCII and "next line".
 */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
const SPACES = new RegExp(SPACE, 'u');
const OUTER_SPACES = new RegExp(`^${SPACE}|${SPACE}$`, 'gu');

/** The parts of `text` between white space (C1, O2). */
export function tokens(text: string): string[] {
  return text.split(SPACES).filter((token) => token !== '');
}

/** `text` without leading and trailing white space. */
export function trimmed(text: string): string {
  return text.replace(OUTER_SPACES, '');
}

/**
 * A number of the dialects (C4): ASCII digits only, any number of leading zeros.
 * @throws {ScheduleError} with `message` when it is not that, or not within `min..max`.
 */
export function parseNumber(text: string, min: number, max: number, message: string): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new ScheduleError(message);
  return value;
}
