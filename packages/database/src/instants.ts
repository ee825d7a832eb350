import type { Instant } from './generated/tables.ts';

/**
 * `2026-11-21 08:56:23.123456+00` to epoch milliseconds, fractions of them cut off; the server always answers in UTC
 * (see `connection` in connect.ts). Digit by digit for the years 1000 to 9999, because `Date.parse` takes 2 µs and this
 * 0.3: a list of a thousand checks has two or three thousand instants.
 * @throws when the text is something else
 */
export function parseInstant(text: string): Instant {
  const end = text.length - 3;
  if (text.charCodeAt(end) !== PLUS || text.charCodeAt(4) !== MINUS || text.charCodeAt(0) === ZERO) {
    return parseUnusual(text);
  }
  const day = Date.UTC(twoDigits(text, 0) * 100 + twoDigits(text, 2), twoDigits(text, 5) - 1, twoDigits(text, 8));
  let milliseconds = 0;
  for (let at = 20, unit = 100; unit >= 1 && at < end; at++, unit /= 10) milliseconds += digit(text, at) * unit;
  return (
    day + twoDigits(text, 11) * 3_600_000 + twoDigits(text, 14) * 60_000 + twoDigits(text, 17) * 1000 + milliseconds
  );
}

const [PLUS, MINUS, ZERO] = ['+', '-', '0'].map((char) => char.charCodeAt(0)) as [number, number, number];

function digit(text: string, at: number): number {
  return text.charCodeAt(at) - ZERO;
}

function twoDigits(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1);
}

function parseUnusual(text: string): Instant {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  if (text === '-infinity') return Number.NEGATIVE_INFINITY;
  const instant = text.endsWith('+00') ? Date.parse(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`) : Number.NaN;
  if (Number.isNaN(instant)) throw new Error(`Not a timestamp in UTC: ${text}`);
  return instant;
}

/** A parameter for timestamptz: an instant as ISO 8601 in UTC; text (`now`) and dates as they are. */
export function serializeInstant(value: unknown): string {
  if (typeof value === 'number') {
    if (value === Number.POSITIVE_INFINITY) return 'infinity';
    if (value === Number.NEGATIVE_INFINITY) return '-infinity';
    return new Date(value).toISOString();
  }
  return value instanceof Date ? value.toISOString() : String(value);
}
