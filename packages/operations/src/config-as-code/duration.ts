/** Lengths of time as people write them in the file: `90`, `90s`, `5m`, `1h 30m`, `2d`, `1w`. */

const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** Seconds; null: that is no length of time. Digits alone are seconds already. */
export function parseDuration(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  if (/^\s*\d{1,12}\s*$/.test(value)) return Number(value);
  if (!/^\s*\d{1,12}\s*[wdhms](\s*\d{1,12}\s*[wdhms])*\s*$/.test(value)) return null;
  let seconds = 0;
  for (const [, count, unit] of value.matchAll(/(\d+)\s*([wdhms])/g)) {
    seconds += Number(count) * UNITS.find(([name]) => name === unit)![1];
  }
  return Number.isSafeInteger(seconds) ? seconds : null;
}

/** `5400` as `1h 30m`. Weeks only when nothing is left over, so that 8 days are `8d`. */
export function formatDuration(seconds: number): string {
  if (seconds > 0 && seconds % 604_800 === 0) return `${seconds / 604_800}w`;
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, size] of UNITS.slice(1)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.join(' ') || '0s';
}
