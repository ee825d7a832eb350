import { VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds } from '../config-as-code/testing.ts';
import { applyConfig, copyCheck, createCheck, deleteCheck, transferCheck } from '../index.ts';
import { seedProject } from '../testing.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const clock = new VirtualClock(0);

/** Two owners; the first has two projects. */
async function seed(limit: number) {
  const first = await seedProject(database, { checkLimit: limit });
  const second = await seedProject(database, { ownerId: first.ownerId });
  const other = await seedProject(database, { checkLimit: limit });
  return [first, second, other] as const;
}

/** What the owner of a project has, counted. */
async function owned(projectId: number): Promise<{ used: number; limit: number }> {
  const [row] = await database.sql<{ used: number; limit: number }[]>`
    select u.check_limit as limit,
           (select count(*)::int from checks c join projects p on p.id = c.project_id where p.owner_id = u.id) as used
    from users u join projects own on own.owner_id = u.id where own.id = ${projectId}`;
  return row!;
}

async function anyCheck(projectId: number): Promise<string | null> {
  const [row] = await database.sql<{ code: string }[]>`
    select code from checks where project_id = ${projectId} order by code limit 1`;
  return row?.code ?? null;
}

const slugs = (n: number) => Array.from({ length: n }, (_, i) => `a-${i}`);
const project = fc.nat({ max: 2 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('create' as const), in: project }) },
  fc.record({ do: fc.constant('ping' as const), in: project }),
  fc.record({ do: fc.constant('copy' as const), in: project }),
  fc.record({ do: fc.constant('delete' as const), in: project }),
  fc.record({ do: fc.constant('transfer' as const), in: project, to: project }),
  fc.record({ do: fc.constant('apply' as const), in: project, n: fc.nat({ max: 4 }), dryRun: fc.boolean() }),
  fc.record({ do: fc.constant('limit' as const), in: project, n: fc.nat({ max: 8 }) }),
);

test('whatever was added, deleted and moved before: what has room is made, and nothing else', async () => {
  const run = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
    const projects = await seed(4);
    for (const one of steps) {
      const { projectId } = projects[one.in]!;
      const target = one.do === 'transfer' ? projects[one.to]!.projectId : projectId;
      const code = await anyCheck(projectId);
      const { used, limit } = await owned(target);
      const added = async () => (await owned(target)).used - used;
      switch (one.do) {
        case 'create':
        case 'ping': {
          const limitFactor = one.do === 'ping' ? 2 : 1;
          const { ok } = await createCheck(database, clock, { projectId, limitFactor });
          expect({ ok, added: await added() }).toEqual(
            used < limit * limitFactor ? { ok: true, added: 1 } : { ok: false, added: 0 },
          );
          break;
        }
        case 'copy':
          if (code) expect((await copyCheck(database, clock, { code, projectId })).ok).toBe(used < limit);
          break;
        case 'delete':
          if (code) await deleteCheck(database, { code, projectId });
          break;
        case 'transfer': {
          if (!code) break;
          const free = used < limit || projects[one.in]!.ownerId === projects[one.to]!.ownerId;
          expect((await transferCheck(database, { code, projectId, targetProjectId: target })).ok).toBe(free);
          break;
        }
        case 'apply': {
          const have = await database.sql`
            select 1 from checks where project_id = ${projectId} and slug = any (${slugs(one.n)}::text[])`;
          const yaml = `checks: [${slugs(one.n).map((slug) => `{slug: ${slug}}`)}]`;
          const result = await applyConfig(database, { id: projectId }, yaml, { clock, kinds, dryRun: one.dryRun });
          const adding = one.n - have.length;
          const ok = adding === 0 || used + adding <= limit;
          expect({ ok: result.ok, added: await added() }).toEqual({ ok, added: ok && !one.dryRun ? adding : 0 });
          break;
        }
        case 'limit':
          await database.sql`
            update users set check_limit = ${one.n} where id = ${projects[one.in]!.ownerId}`;
      }
    }
  });
  await fc.assert(run, { seed: 8, numRuns: 12 });
});

test('what is there is counted once an hour, so checks that came past the limit count by then', async () => {
  const [{ projectId, ownerId }] = await seed(4);
  const made = async () => (await createCheck(database, clock, { projectId })).ok;
  expect(await made()).toBe(true);
  await database.sql`insert into checks (project_id) select ${projectId} from generate_series(1, 10)`;
  expect(await made()).toBe(true);
  await database.sql`update owned_checks set counted_at = now() - interval '61 minutes' where owner_id = ${ownerId}`;
  expect(await made()).toBe(false);
});
