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
  let nulls = 0;
  for (let i = 0; i < length; i++) if (values[i] === null) nulls++;
  if (nulls === length) return '{}';
  // join writes one flat string; adding up pieces leaves a tree of them to the garbage collector.
  return `{${(nulls === 0 ? values : values.map((value) => value ?? 'NULL')).join(',')}}`;
}

/** Any text without NUL. All null gives `{}`. */
export function texts(values: readonly (string | null)[]): string {
  const { length } = values;
  let nulls = 0;
  let special = false;
  for (let i = 0; i < length; i++) {
    const value = values[i];
    if (value === null || value === undefined) nulls++;
    else if (SPECIAL.test(value)) special = true;
  }
  if (nulls === length) return '{}';
  if (nulls === 0 && !special) return `{"${values.join('","')}"}`;
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;
}
const SPECIAL = /["\\]/;

/** bytea[]; all null gives `{}`, which unnest fills up with nulls. */
export function bytes(values: readonly (Buffer | null)[]): string {
  if (values.every((value) => value === null)) return '{}';
  return `{${values.map((value) => (value ? `"\\\\x${value.toString('hex')}"` : 'NULL')).join(',')}}`;
}
