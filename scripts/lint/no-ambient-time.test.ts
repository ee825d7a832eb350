import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ROOT } from '../lib/paths.mjs';

const RULE = fileURLToPath(new URL('no-ambient-time.grit', import.meta.url));
const BIOME = join(ROOT, 'node_modules', '.bin', 'biome');

const AMBIENT = [
  "import { setTimeout as sleep } from 'node:timers/promises';",
  "import timers from 'node:timers';",
  "import { type Clock, systemClock } from '@overdue/clock';",
  'export const a = Date.now();',
  'export const b = Date();',
  'export const c = new Date();',
  'export const d = performance.now();',
  'export const e = setTimeout(sleep, 3);',
  'export const f = setInterval(timers, 3);',
  'export const g: [AbortSignal, Clock] = [AbortSignal.timeout(3), systemClock];',
];
const FINE =
  "import { type Clock, VirtualClock } from '@overdue/clock';\nexport const a = [new Date(3), new VirtualClock(0)];\n";

/** The lines of each file that the rule complains about. */
function complaints(files: Record<string, string>): Record<string, number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'overdue-lint-'));
  try {
    const config = { plugins: [RULE], linter: { rules: { recommended: false } } };
    for (const [name, text] of Object.entries({ ...files, 'biome.json': JSON.stringify(config) })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const args = ['lint', '--max-diagnostics=none', '--colors=off', '.'];
    const { stdout, stderr } = spawnSync(BIOME, args, { cwd: folder, encoding: 'utf8' });
    const found = Object.fromEntries(Object.keys(files).map((name) => [name, [] as number[]]));
    for (const [, name, line] of `${stdout}${stderr}`.matchAll(/^(\S+):(\d+):\d+ plugin /gm)) {
      found[name!]!.push(Number(line));
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the machine's time is for those at the edge", () => {
  const ambient = AMBIENT.join('\n');
  const theClock = AMBIENT.findIndex((line) => line.includes("'@overdue/clock'")) + 1;
  const all = AMBIENT.map((_, i) => i + 1);
  expect(
    complaints({
      'packages/x/src/x.ts': ambient,
      'packages/x/src/fine.ts': FINE,
      'packages/x/src/x.test.ts': ambient,
      'packages/x/src/testing/x.ts': ambient,
      'packages/clock/src/system.ts': ambient,
      'packages/cli/src/commands/x.ts': ambient,
      'services/x/src/main.ts': ambient,
      'services/x/src/service.ts': ambient,
    }),
  ).toEqual({
    'packages/x/src/x.ts': all,
    'packages/x/src/fine.ts': [],
    'packages/x/src/x.test.ts': [],
    'packages/x/src/testing/x.ts': [],
    'packages/clock/src/system.ts': [theClock],
    'packages/cli/src/commands/x.ts': all.filter((line) => line !== theClock),
    'services/x/src/main.ts': [],
    'services/x/src/service.ts': all,
  });
});
