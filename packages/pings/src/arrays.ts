/**
 * PostgreSQL array literals, written by hand: parameters of the set-based statements. The driver's own serialiser costs
 * several times as much, and these run for every ping.
 */

/** Numbers (NaN and undefined are the caller's mistake) and nulls. All null gives `{}`, which unnest fills up with nulls. */
export function numbers(values: readonly (number | null)[]): string {
  return plain(values);
}

/** Words that need no quotes: UUIDs, kinds, statuses, `t` and `f`. All null gives `{}`, like {@link numbers}. */
export function words(values: readonly (string | null)[]): string {
  return plain(values);
}

function plain(values: readonly (number | string | null)[]): string {
  const { length } = values;
  let i = 0;
  while (i < length && values[i] === null) i++;
  if (i === length) return '{}';
  let text = i === 0 ? `{${values[0]}` : '{NULL';
  for (let k = 1; k < length; k++) text += values[k] === null ? ',NULL' : `,${values[k]}`;
  return `${text}}`;
}

/** Any text without NUL. */
export function texts(values: readonly (string | null)[]): string {
  let text = '{';
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (i > 0) text += ',';
    if (value === null || value === undefined) text += 'NULL';
    else if (SPECIAL.test(value)) text += `"${value.replace(/["\\]/g, '\\$&')}"`;
    else text += `"${value}"`;
  }
  return `${text}}`;
}
const SPECIAL = /["\\]/;

/** bytea[]; all null gives `{}`, which unnest fills up with nulls. */
export function bytes(values: readonly (Buffer | null)[]): string {
  if (values.every((value) => value === null)) return '{}';
  let text = '{';
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (i > 0) text += ',';
    text += value ? `"\\\\x${value.toString('hex')}"` : 'NULL';
  }
  return `${text}}`;
}
