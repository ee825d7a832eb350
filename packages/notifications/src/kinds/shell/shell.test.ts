import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { facts, sendVia, tools } from '../../testing/fixtures.ts';
import { quote } from './shell.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'overdue-shell-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (cmd_down: string, options = {}, changes = {}) =>
  sendVia(facts('shell', changes), { cmd_down, cmd_up: '' }, tools(options));

test('placeholders are single words, whatever they hold', async () => {
  const out = join(folder, 'out');
  const name = '$(touch evil) `x` "\' ; $TAG1';
  expect(await run(`printf '%s|' $STATUS $NOW $NAME $TAG2 $TAGS $CODE > ${out}`, {}, { check: { name } })).toEqual({
    result: 'sent',
    answer: 'exit code 0',
  });
  expect(readFileSync(out, 'utf8')).toBe(
    `down|2026-11-21T12:00:00+00:00|${name}|prod|db prod|0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8d|`,
  );
});

test('an exit code is stored as the raw wait status', async () => {
  expect(await run('exit 1')).toEqual({ result: 'failed', error: 'Command returned exit code 256', disable: false });
  expect(await run('kill -9 $$')).toMatchObject({ error: 'Command returned exit code 9' });
  expect(await run('kill -USR1 $$')).toMatchObject({ error: 'Command returned exit code 10' });
});

test('the product’s configuration is not in the environment', async () => {
  process.env.SECRET_TEST = 'x';
  const out = join(folder, 'out');
  await run(`env > ${out}`);
  expect(readFileSync(out, 'utf8')).not.toContain('SECRET_TEST');
});

test('switched off', async () => {
  expect(await run('true', { shellEnabled: false })).toEqual({
    result: 'failed',
    error: 'Shell commands are not enabled',
    disable: false,
  });
});

test('a quoted text is itself to the shell', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), (text) => {
      fc.pre(!text.includes('\0') && !/\p{Surrogate}/u.test(text));
      expect(execFileSync('/bin/sh', ['-c', `printf %s ${quote(text)}`]).toString()).toBe(text);
    }),
    { numRuns: 60 },
  );
});
