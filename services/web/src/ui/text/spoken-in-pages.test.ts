import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { formatAgo } from './dates.ts';

const SCRIPT = readFileSync(new URL('../../../public/app.js', import.meta.url), 'utf8');

/** The part of public/app.js that puts seconds in words: it has to be in both places, pages load one file. */
const PART = /\/\*\* @type.*\nconst UNITS = [\s\S]*?\nfunction spoken[\s\S]*?\n}\n/.exec(SCRIPT)![0];
const spoken = new Function(`${PART}return spoken;`)() as (seconds: number) => string;

it('pages that stay open say the same as the server, from a second to three years', () => {
  const different: string[] = [];
  const step = (seconds: number) => (seconds < 11_000 ? 1 : 599);
  for (let seconds = 1; seconds < 3 * 366 * 86_400; seconds += step(seconds)) {
    const [page, server] = [`${spoken(seconds)} ago`, formatAgo(0, seconds * 1000)];
    if (page !== server) different.push(`${seconds} s: ${page}, but ${server}`);
  }
  expect(different.slice(0, 5)).toEqual([]);
});
