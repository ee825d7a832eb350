import cronstrue from 'cronstrue';
import { runs } from './list.ts';

/** The matching hours, minutes and seconds of a schedule. */
export interface TimesOfDay {
  readonly hours: ReadonlySet<number>;
  readonly minutes: ReadonlySet<number>;
  readonly seconds: ReadonlySet<number>;
}

/**
 * `At 03:30`, `Every 5 minutes`, `Every minute, between 03:00 and 03:59`: cronstrue's words. It is given the values
 * rather than the text, in their plainest form, since it reads lists such as `*,5` and `0-59/5` to the letter.
 */
export function timeWords({ hours, minutes, seconds }: TimesOfDay): string {
  const time = `${fieldText(minutes, 60)} ${fieldText(hours, 24)} * * *`;
  const onTheMinute = seconds.size === 1 && seconds.has(0);
  const text = onTheMinute ? time : `${fieldText(seconds, 60)} ${time}`;
  return cronstrue.toString(text, { use24HourTimeFormat: true });
}

/** The shortest of `*`, star-slash-5, `2/5` and a list with ranges that says these values of a field of that size. */
function fieldText(values: ReadonlySet<number>, size: number): string {
  if (values.size === size) return '*';
  const sorted = [...values].sort((a, b) => a - b);
  const [first, second] = sorted;
  if (first !== undefined && second !== undefined && sorted.length > 2) {
    const step = second - first;
    const isEven = sorted.every((value, index) => value === first + index * step);
    if (step > 1 && isEven && sorted.at(-1)! + step >= size) return `${first === 0 ? '*' : first}/${step}`;
  }
  return runs(sorted)
    .map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`))
    .join(',');
}
