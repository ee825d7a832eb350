/** Runs the commands of the API's pages as they stand there, and compares what they print with the page. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { useTestApi } from './compatibility/setup.ts';
import type { TestProject } from './testing.ts';

const context = useTestApi();
let project: TestProject;
beforeAll(async () => {
  project = await context.api.project();
});

const fileOf = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

interface Example {
  readonly code: string;
  /** The document below it, which the page says it prints. */
  readonly printed: unknown;
}

function examplesOf(page: string): Example[] {
  return [...page.matchAll(/```sh\n([\s\S]*?)```(?:\n\n```json\n([\s\S]*?)```)?/g)].map(([, code, printed]) => ({
    code: code!,
    printed: printed === undefined ? undefined : (JSON.parse(printed) as unknown),
  }));
}

/** Runs them one after another in one shell; returns what each printed. Fails with the first that fails. */
async function run(examples: readonly Example[], env: Record<string, string>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'overdue-api-docs-'));
  try {
    const script = examples.map(({ code }, i) => `exec >out.${i}\n${code}\n`).join('');
    await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: folder,
      env: { PATH: process.env.PATH, OVERDUE: context.api.url, ...env },
    });
    return examples.map((_, i) => readFileSync(join(folder, `out.${i}`), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What kinds of values stand where, the values left out; of lists the first element. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.entries(value).map(([name, member]) => [name, shape(member)]);
}

test('docs/api.md: every command works and prints what the page shows', async () => {
  const examples = examplesOf(fileOf('docs/api.md'));
  expect(examples.length).toBeGreaterThan(15);
  const outputs = await run(examples, { KEY: project.rw });
  for (const [i, { code, printed }] of examples.entries()) {
    if (printed !== undefined) expect([code, shape(JSON.parse(outputs[i]!))]).toEqual([code, shape(printed)]);
    expect(outputs[i]).not.toContain('"error": "j');
  }
  const left = await context.database.sql`select name from checks where project_id = ${project.id}`;
  expect(left).toEqual([]); // the page cleans up after itself
});

describe('docs/prometheus.md', () => {
  const page = fileOf('docs/prometheus.md');

  test('both addresses give the metrics, all of those in the table and no others', async () => {
    const examples = examplesOf(page);
    const outputs = await run(examples, { PROJECT: project.code, READ_ONLY_KEY: project.ro });
    const metrics = [...outputs.join('').matchAll(/^# TYPE (\S+) gauge$/gm)].map((match) => match[1]!);
    const table = [...page.matchAll(/^\| (`[^|]+) \|/gm)].flatMap((row) =>
      [...row[1]!.matchAll(/`(\w+)/g)].map((name) => name[1]!),
    );
    expect(table.length).toBeGreaterThan(10);
    expect(metrics).toEqual([...table, ...table]);
  });

  test('the rules on the page are those that come with the product', () => {
    const [, rules] = /```yaml\n(groups:\n[\s\S]*?)```/.exec(page)!;
    const withoutComments = fileOf('infra/prometheus/checks.rules.yml')
      .replace(/^#.*\n/gm, '')
      .trimStart();
    expect(rules).toBe(withoutComments);
  });
});
