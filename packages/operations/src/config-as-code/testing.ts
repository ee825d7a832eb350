/** What the tests of config as code share: a few kinds of integration, and a database to apply files to. */
import { VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll } from 'vitest';
import type { CheckRow } from '../checks/row.ts';
import { type ApplyOptions, type ApplyResult, applyConfig } from './apply.ts';
import { channelKinds } from './kinds.ts';
import { printPlan } from './print.ts';

type HookValue = { url: string; down: boolean; name: string; headers?: string };

/** A kind as packages/notifications has them: a URL and whether to call it. */
const hook = {
  schema: { safeParse: (data: unknown) => ({ success: true, data }) },
  wants: ({ down }: HookValue) => ({ down, up: true }),
  form: {
    fields: [
      { name: 'url', type: 'url' },
      { name: 'down', type: 'checkbox' },
      { name: 'headers', type: 'textarea', pairs: true as const },
    ],
    parse: ({ url, down, headers }: Readonly<Record<string, string | undefined>>) =>
      url?.startsWith('https://')
        ? { ok: true as const, value: { url, down: down === 'true', name: '', ...(headers ? { headers } : {}) } }
        : { ok: false as const, errors: { url: 'Enter a valid URL.' } },
    fill: ({ url, down, name, headers = '' }: HookValue) => ({ url, down: down ? 'true' : '', name, headers }),
  },
};
const KINDS = [
  { ...hook, kind: 'hook', enabled: () => true },
  { ...hook, kind: 'switched', enabled: ({ switched }: { switched: boolean }) => switched },
  { ...hook, kind: 'consent', enabled: () => true, form: null },
];
export const kinds = channelKinds(KINDS, { switched: false });
/** As `kinds`, with the one that is switched off there. */
export const allKinds = channelKinds(KINDS, { switched: true });
export const NOW = Date.parse('2026-11-21T12:00:00Z');
const clock = new VirtualClock(NOW);

export interface ConfigTests {
  readonly database: TestDatabase;
  apply(projectId: number, text: string, options?: Partial<ApplyOptions>): Promise<ApplyResult>;
  /** Applies the file, and prints what was done. */
  plan(projectId: number, text: string, options?: Partial<ApplyOptions>): Promise<string>;
  checks(projectId: number): Promise<readonly CheckRow[]>;
}

/** One database for each file, dropped when it ends. */
export function useConfigTests(): ConfigTests {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  const tests: ConfigTests = {
    get database() {
      return database;
    },
    apply: (id, text, options) => applyConfig(database, { id }, text, { clock, kinds, ...options }),
    async plan(id, text, options) {
      const result = await tests.apply(id, text, options);
      if (!result.ok) throw new Error(result.errors.join('\n'));
      return printPlan(result.plan);
    },
    checks: (id) => database.sql<CheckRow[]>`select * from checks where project_id = ${id} order by id`,
  };
  return tests;
}
