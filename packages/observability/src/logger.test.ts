import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';

function capture(format: 'json' | 'pretty', level = 'info') {
  const lines: string[] = [];
  const logger = createLogger({ service: 'web', level, format, destination: { write: (l) => void lines.push(l) } });
  return { lines, logger };
}

test('json: one object a line, with service, level in words, time in ISO 8601 and the context', () => {
  const { lines, logger } = capture('json');
  logger.child({ check: 'c1' }).warn({ n: 2 }, 'late');
  logger.debug('not written');
  expect(lines).toHaveLength(1);
  const entry = JSON.parse(lines[0]!);
  expect(entry).toMatchObject({ service: 'web', level: 'warn', check: 'c1', n: 2, msg: 'late' });
  expect(entry.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('pretty: a warning says what happened in its line, without the stack', () => {
  const { lines, logger } = capture('pretty');
  logger.warn({ err: new Error('connect ECONNREFUSED'), n: 1 }, 'Trying again');
  expect(lines[0]).toMatch(/ WARN {2}Trying again: connect ECONNREFUSED {2}n=1\n$/);
});

test('pretty: time, level, message, context; an error with its stack below', () => {
  const { lines, logger } = capture('pretty');
  logger.info({ check: 'c1', name: 'two words' }, 'hello');
  logger.error({ err: new Error('broken') }, 'oh');
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}hello {2}check=c1 name="two words"\n$/);
  expect(lines[1]).toMatch(/ ERROR oh\n {4}Error: broken\n {4} {4}at /);
  expect(lines[1]!.endsWith('\n')).toBe(true);
});

test('secrets are hidden, also inside other objects', () => {
  const { lines, logger } = capture('json');
  logger.info({ password: 'p1', headers: { authorization: 'p2' }, req: { headers: { 'x-api-key': 'p3' } } }, 'x');
  expect(lines[0]).not.toMatch(/p[123]/);
  expect(lines[0]!.match(/\[hidden\]/g)).toHaveLength(3);
});
