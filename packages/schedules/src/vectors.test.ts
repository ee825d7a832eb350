import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { answerScheduleLine } from './index.ts';

/**
 * Golden vectors: what the reference implementation answered. `schedules.jsonl` has 600 of them; those in
 * `clock-changes.jsonl` were picked from 330,000 generated cases, so that every length and hour of a clock change since
 * 1995, in every mode, and every rare form of an expression is there. Where the reference goes back in time (N7, N8) its
 * answers were put in order.
 */
type Vector =
  | { kind: string; expr: string; tz: string; start: string; next: string[] }
  | { kind: string; expr: string; error: true };

const read = (file: string) =>
  readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line): Vector => JSON.parse(line));
const vectors = [...read('schedules.jsonl'), ...read('clock-changes.jsonl')];

test.each([
  ['schedules.jsonl', 600, 104],
  ['clock-changes.jsonl', 292, 126],
])('%s holds %i vectors, %i of them invalid', (file, count, invalid) => {
  expect(read(file)).toHaveLength(count);
  expect(read(file).filter((vector) => 'error' in vector)).toHaveLength(invalid);
});

describe.each(['cron', 'oncalendar'])('%s', (kind) => {
  test.each(vectors.filter((vector) => vector.kind === kind).map((vector) => [JSON.stringify(vector.expr), vector]))(
    '%s',
    (_, vector) => {
      if ('error' in vector) {
        expect(JSON.parse(answerScheduleLine(JSON.stringify(vector)))).toEqual({ error: expect.any(String) });
      } else {
        // Fewer than 5 mean that there are no more.
        const count = Math.max(vector.next.length, 5);
        const answer = JSON.parse(answerScheduleLine(JSON.stringify({ ...vector, count })));
        expect(answer).toEqual({ next: vector.next });
      }
    },
  );
});
