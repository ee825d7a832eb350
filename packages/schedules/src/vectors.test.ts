import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { answerScheduleLine } from './index.ts';

/** 600 golden vectors: what the reference implementation answered (vectors/schedules.jsonl). */
type Vector =
  | { kind: string; expr: string; tz: string; start: string; next: string[] }
  | { kind: string; expr: string; error: true };

const vectors = readFileSync(new URL('../vectors/schedules.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line): Vector => JSON.parse(line));

test('the file holds 600 vectors, 104 of them invalid', () => {
  expect(vectors).toHaveLength(600);
  expect(vectors.filter((vector) => 'error' in vector)).toHaveLength(104);
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
