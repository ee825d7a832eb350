/**
 * Compares names as people order them (status-and-alerting.md K9, web-ui.md CS-3): case does not matter, runs of digits
 * compare as numbers, and with other characters as digits. For `Array.prototype.sort`; names that differ in case, leading
 * zeros or white space around them only are equal.
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

/**
 * Text and digits in turn, beginning with text (which may be empty). Text that digits follow ends in `0`, which no other
 * text has: where another text goes on, any digit compares with its next character as `0` does.
 */
function pieces(name: string): string[] {
  const found = name
    .trim()
    .toLowerCase()
    .split(/([0-9]+)/);
  for (let i = 0; i + 1 < found.length; i += 2) found[i] += '0';
  return found;
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
