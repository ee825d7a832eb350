import { expect, test } from 'vitest';
import { formatApproximate, formatPeriod, formatRunTime, formatSentence } from './duration-text.ts';
import { compareNaturally } from './natural-order.ts';
import { plural } from './plural.ts';
import { slugify, suggestSlug } from './slug.ts';
import { tagList } from './tags.ts';
import { DAY, HOUR, MINUTE, SECOND } from './testing.ts';
import { uniqueKey } from './unique-key.ts';

test.each([
  [0, '0 minutes'],
  [59, '0 minutes'],
  [60, '1 minute'],
  [90, '1 minute'],
  [3600, '1 hour'],
  [86_400, '1 day'],
  [93_600, '1 day 2 hours'],
  [86_460, '1 day 1 minute'],
  [604_800, '1 week'],
  [691_200, '8 days'],
  [1_209_600, '2 weeks'],
  [1_209_660, '14 days 1 minute'],
  [31_536_000, '365 days'],
])('period of %d s: %s (X1)', (seconds, text) => {
  expect(formatPeriod(seconds)).toBe(text);
});

test.each([
  [0, '0 min 0 sec'],
  [12 * MINUTE + 24.9 * SECOND, '12 min 24 sec'],
  [HOUR - 1, '59 min 59 sec'],
  [HOUR, '1 h 0 min'],
  [6 * HOUR + 12 * MINUTE, '6 h 12 min'],
  [DAY - 1, '23 h 59 min'],
  [DAY + 6 * HOUR, '1 day 6 h'],
  [3 * DAY + 6 * HOUR + 59 * MINUTE, '3 days 6 h'],
])('%d ms approximately: %s (X2)', (ms, text) => {
  expect(formatApproximate(ms)).toBe(text);
});

test.each([
  [500, '0 seconds'],
  [SECOND, '1 second'],
  [MINUTE + 24 * SECOND, '1 minute, 24 seconds'],
  [2 * MINUTE, '2 minutes, 0 seconds'],
  [2 * HOUR + MINUTE, '2 hours, 1 minute'],
  [3 * DAY + HOUR, '3 days, 1 hour'],
  [DAY + 2 * HOUR + 59 * MINUTE, '1 day, 2 hours'],
])('%d ms in a sentence: %s (X3)', (ms, text) => {
  expect(formatSentence(ms)).toBe(text);
});

test.each([
  [0, '0 sec'],
  [9, '0 sec'],
  [10, '0.01 sec'],
  [123, '0.12 sec'],
  [1000, '1 sec'],
  [1999, '1 sec'],
  [MINUTE + 2 * SECOND, '1 min 2 sec'],
  [HOUR, '1 h 0 min 0 sec'],
  [26 * HOUR, '26 h 0 min 0 sec'],
])('run time of %d ms: %s (X4)', (ms, text) => {
  expect(formatRunTime(ms)).toBe(text);
});

test('names in natural order (K9)', () => {
  const ordered = '|2|10|A|a|a1|A01|a2|a10|a10b2|a10b10|ab|b 9|b-1|b1|bb|é|日本'.split('|');
  const shuffled = ordered.toReversed().sort(compareNaturally);
  // Equal ones (A and a, a1 and A01) come in the order they had.
  expect(shuffled.join('|')).toBe('|2|10|a|A|A01|a1|a2|a10|a10b2|a10b10|ab|b 9|b-1|b1|bb|é|日本');
  expect(compareNaturally(' a 2 ', 'A 02')).toBe(0);
  const [long, longer] = ['n99999999999999999998', 'n99999999999999999999'];
  expect(compareNaturally(long, longer)).toBeLessThan(0);
});

test.each([
  ['Foo Bar_Baz! éß x', 'foo-bar_baz-e-x'],
  [' --Foo__-  -Bar-- ', 'foo__-bar'],
  ['日本', ''],
  ['', ''],
  ['ﬁle № 4', 'file-no-4'],
  ['İstanbul', 'istanbul'],
  ['a\u001cb\tc', 'a-b-c'],
  ['a\u00a0b', 'a-b'],
  ['🦄 unicorn', 'unicorn'],
])('slugify %j: %s (M-25)', (name, slug) => {
  expect(slugify(name)).toBe(slug);
});

test.each([
  ['Foo Bar_Baz! éß x', 'foo-bar_baz-e-x'],
  [' --Foo__-  -Bar-- ', 'foo__-bar'],
  ['_private_', '_private_'],
  ['Nightly  backup - db1', 'nightly-backup-db1'],
  ['日本', ''],
  [`${'㏒'.repeat(33)} 日㏒`, 'log'.repeat(33)],
])('suggested slug for %j: %s (DA-3)', (name, slug) => {
  expect(suggestSlug(name)).toBe(slug);
});

test('the unique key of management-api.md section 5', () => {
  expect(uniqueKey('0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8d')).toBe('955b78bc083f8d6749657a297ac0d28c3251a043');
});

test('a tag ends at a space; other white space around it is none of it', () => {
  expect(tagList(' a \tb\u00a0  c\n')).toEqual(['a', 'b', 'c']);
  expect(tagList('a\tb')).toEqual(['a\tb']);
  expect(tagList('  ')).toEqual([]);
});

test.each([
  [0, '0 checks'],
  [1, '1 check'],
  [2, '2 checks'],
])('a count with its noun: %d', (count, text) => {
  expect(plural(count, 'check')).toBe(text);
});
