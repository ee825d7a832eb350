/** Groups sorted numbers into runs of three or more; shorter ones stay single (`1,2` reads better than `1-2`). */
export function runs(sorted: readonly number[]): [first: number, last: number][] {
  const found: [number, number][] = [];
  for (let index = 0; index < sorted.length; ) {
    const first = sorted[index]!;
    let length = 1;
    while (sorted[index + length] === first + length) length++;
    if (length < 3) length = 1;
    found.push([first, first + length - 1]);
    index += length;
  }
  return found;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[], conjunction = 'and'): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${conjunction} ${items.at(-1)}`;
}

/** `1, 5 through 9 and 31`, each number in the words of `say`. */
export function listedNumbers(values: Iterable<number>, say: (value: number) => string): string {
  return listed(numberItems(values, say));
}

/** The items of {@link listedNumbers}, to be listed together with others. */
export function numberItems(values: Iterable<number>, say: (value: number) => string): string[] {
  const sorted = [...values].sort((a, b) => a - b);
  return runs(sorted).map(([first, last]) => (first === last ? say(first) : `${say(first)} through ${say(last)}`));
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(value: number): string {
  const tens = value % 100;
  if (tens >= 11 && tens <= 13) return `${value}th`;
  return `${value}${['th', 'st', 'nd', 'rd'][value % 10] ?? 'th'}`;
}
