import { expect, test } from 'vitest';
import { answerScheduleLine } from './index.ts';

const question = { kind: 'cron', expr: '0 12 * * *', tz: 'Europe/Riga', start: '2025-01-01T00:00:00+02:00', count: 2 };
const answer = (change: object = {}) => JSON.parse(answerScheduleLine(JSON.stringify({ ...question, ...change })));

test('occurrences in UTC, without milliseconds', () => {
  expect(answer()).toEqual({ next: ['2025-01-01T10:00:00Z', '2025-01-02T10:00:00Z'] });
  expect(answer({ tz: undefined, count: undefined })).toEqual({ next: ['2025-01-01T12:00:00Z'] });
  expect(answer({ count: 0 })).toEqual({ next: [] });
});

test('fewer than asked for when there are no more', () => {
  expect(answer({ kind: 'oncalendar', expr: '2025-05-05 12:00', count: 5 })).toEqual({
    next: ['2025-05-05T09:00:00Z'],
  });
});

test('a legacy zone name is taken for its canonical one, as by the API', () => {
  expect(answer({ tz: 'Europe/Kiev' })).toEqual(answer({ tz: 'Europe/Kyiv' }));
});

test.each([
  [{ kind: 'simple' }, 'kind is not "cron" or "oncalendar"'],
  [{ kind: undefined }, 'kind is not "cron" or "oncalendar"'],
  [{ expr: 5 }, 'expr is not a string'],
  [{ expr: '0 0 31 2 *', tz: 'nowhere', start: null }, 'Bad day-of-month'],
  [{ expr: '0 0 */29 2 MON#5' }, 'No date ever matches'],
  [{ tz: 'europe/riga' }, 'tz is not a valid timezone'],
  [{ tz: 2 }, 'tz is not a valid timezone'],
  [{ start: '2025-01-01T00:00:00' }, 'start is not an ISO 8601 time with an offset or Z'],
  [{ start: '2025-13-01T00:00:00Z' }, 'start is not an ISO 8601 time with an offset or Z'],
  [{ start: '2025-02-30T00:00:00Z' }, 'start is on a day that does not exist'],
  [{ start: undefined }, 'start is not an ISO 8601 time with an offset or Z'],
  [{ count: -1 }, 'count is not a whole number from 0 to 10000'],
  [{ count: 1.5 }, 'count is not a whole number from 0 to 10000'],
  [{ count: '5' }, 'count is not a whole number from 0 to 10000'],
])('%j: %s', (change, error) => expect(answer(change)).toEqual({ error }));

test.each(['', 'null', '[]', '"x"', '{', '{"kind":"cron"'])('%j is answered with an error', (line) => {
  expect(JSON.parse(answerScheduleLine(line))).toEqual({ error: expect.stringContaining('JSON') });
});
