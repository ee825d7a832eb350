/**
 * Compares names as people order them (status-and-alerting.md K9, web-ui.md CS-3): case does not matter, runs of digits
 * compare as numbers. For `Array.prototype.sort`; names that differ in case or leading zeros only are equal.
 */
export function compareNaturally(a: string, b: string): number {
  const left = pieces(a);
  const right = pieces(b);
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) {
    const order = i % 2 === 0 ? compare(left[i]!, right[i]!) : compareDigits(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Text and digits in turn, beginning with text (which may be empty). */
function pieces(name: string): string[] {
  return name.toLowerCase().split(/([0-9]+)/);
}

/** Digits of any number, so not as a `number`. */
function compareDigits(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  return left.length - right.length || compare(left, right);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
