/** Runs the commands of docs/api.md as they stand there, one after another, and compares what they print with the page. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { useTestApi } from './compatibility/setup.ts';

const context = useTestApi();
const PAGE = readFileSync(new URL('../../../../docs/api.md', import.meta.url), 'utf8');

/** Commands, and the document below them that the page says they print. */
const EXAMPLES = [...PAGE.matchAll(/```sh\n([\s\S]*?)```(?:\n\n```json\n([\s\S]*?)```)?/g)].map(
  ([, code, printed]) => ({
    code: code!,
    printed: printed === undefined ? undefined : (JSON.parse(printed) as unknown),
  }),
);

/** What kinds of values stand where, the values left out; of lists the first element. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.entries(value).map(([name, member]) => [name, shape(member)]);
}

test('every command of the page works and prints what the page shows', async () => {
  const project = await context.api.project();
  const folder = mkdtempSync(join(tmpdir(), 'overdue-api-docs-'));
  try {
    const script = EXAMPLES.map(({ code }, i) => `exec >out.${i}\n${code}\n`).join('');
    await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: folder,
      env: { PATH: process.env.PATH, OVERDUE: context.api.url, KEY: project.rw },
    });
    expect(EXAMPLES.length).toBeGreaterThan(15);
    for (const [i, { code, printed }] of EXAMPLES.entries()) {
      const output = readFileSync(join(folder, `out.${i}`), 'utf8');
      if (printed !== undefined) expect([code, shape(JSON.parse(output))]).toEqual([code, shape(printed)]);
      expect(output).not.toContain('"error": "j');
    }
    const left = await context.database.sql`select name from checks where project_id = ${project.id}`;
    expect(left).toEqual([]); // the page cleans up after itself
  } finally {
    rmSync(folder, { recursive: true });
  }
});
