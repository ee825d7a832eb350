import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { answerScheduleLine, validateSchedule } from './index.ts';

const guide = readFileSync(new URL('../../../docs/schedules.md', import.meta.url), 'utf8');
const chapter = (title: string) => guide.split(/^## /m).find((text) => text.startsWith(title)) ?? '';

/** The first column of the chapter's tables headed "Expression". */
function examples(title: string): string[] {
  return chapter(title)
    .split('| Expression |')
    .slice(1)
    .flatMap((table) => [...table.split('\n\n')[0]!.matchAll(/^\| `([^`]+)`/gm)].map((row) => row[1]!));
}

test.each([
  ['cron', 'Cron', 4],
  ['oncalendar', 'OnCalendar', 10],
] as const)('docs/schedules.md: the %s examples are accepted', (kind, title, count) => {
  const found = examples(title);
  expect(found.length).toBeGreaterThanOrEqual(count);
  for (const expr of found) expect([expr, validateSchedule(kind, expr)]).toEqual([expr, { ok: true }]);
});

test('docs/schedules.md: the command prints what is shown', () => {
  const [, question, answer] = /echo '(.+)' \|.*\n(.+)/.exec(chapter('Trying one out')) ?? [];
  expect(answerScheduleLine(question!)).toBe(answer);
});
