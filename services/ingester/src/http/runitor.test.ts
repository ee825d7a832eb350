/** runitor (Go), a command runner that others wrote for Healthchecks, as its users run it. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { makeCheck, PING_KEY, pingsOf, useTestIngester } from '../testing.ts';

const run = promisify(execFile);

// No registry that CI reaches has it.
const available = spawnSync('runitor', ['-version']).status === 0;
if (!available) console.warn('runitor is not installed: its test is skipped.');

describe.skipIf(!available)('runitor', () => {
  const t = useTestIngester();

  /** Runs a command under it; its exit status. */
  const runitor = (...args: string[]) =>
    run('runitor', ['-api-url', t.url, ...args]).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
  const kinds = async (code: string) => (await pingsOf(t, code)).map(({ kind }) => kind);

  test('a run that ends well, with what it printed', async () => {
    const code = await makeCheck(t);
    expect(await runitor('-uuid', code, '--', 'echo', 'hello')).toBe(0);
    const [start, success] = await pingsOf(t, code);
    expect([start!.kind, success!.kind, success!.body!.toString()]).toEqual(['start', 'success', 'hello\n']);
    expect(success!.rid).toBe(start!.rid);
  });

  test('a run that fails, with its exit status', async () => {
    const code = await makeCheck(t);
    expect(await runitor('-uuid', code, '--', 'sh', '-c', 'exit 3')).toBe(3);
    expect((await pingsOf(t, code)).map((ping) => [ping.kind, ping.exit_status])).toEqual([
      ['start', null],
      ['fail', 3],
    ]);
  });

  test('a slug that does not exist yet', async () => {
    expect(await runitor('-ping-key', PING_KEY, '-slug', 'new-job', '-create', '--', 'true')).toBe(0);
    const [check] = await t.database.sql<{ code: string }[]>`select code from checks where slug = 'new-job'`;
    expect(await kinds(check!.code)).toEqual(['start', 'success']);
  });
});
