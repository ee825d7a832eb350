/** A count with its noun: `1 check`, `0 checks`, `2 checks`. For nouns whose plural ends in a plain s. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
