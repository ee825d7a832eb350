import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seedProject } from '../testing.ts';
import { exportConfig } from './export.ts';
import { kinds, useConfigTests } from './testing.ts';

const context = useConfigTests();
const { plan } = context;

test('export: the file applies to this project without a change, and makes an equal one elsewhere', async () => {
  const unprintable = fc.constantFrom(...'\u007f\u0085\u009b\u2028\u2029\ufeff\uffff\x01\t\\"\n -#a');
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({ unit: unprintable, maxLength: 60 }),
  );
  const seconds = fc.integer({ min: 60, max: 31_536_000 });
  const check = fc.record({
    name: fc.oneof(text, fc.constantFrom('yes', 'null', '1.0', '- x', '# y', `$\{HOME}`, '*', 'a: b', "'")),
    tags: fc.oneof(text, fc.constantFrom('a b', ' a', 'true 1', ' \n', '\n \n', 'a \n b', '\n a\nb')),
    desc: fc.oneof(text, fc.constant('two\nlines\n')),
    schedule: fc.option(fc.constantFrom('*/5 * * * *', 'daily', 'Mon *-*-* 09:00', '12:00\n13:00')),
    timeout: seconds,
    grace: seconds,
    tz: fc.constantFrom('UTC', 'Europe/Riga'),
    methods: fc.constantFrom('' as const, 'POST' as const),
    manual_resume: fc.boolean(),
    success_kw: text,
    linked: fc.subarray([0, 1]),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(check, { maxLength: 4 }), async (checks) => {
      const [here, there] = [await seedProject(context.database), await seedProject(context.database)];
      const { sql } = context.database;
      const channels = await sql<{ id: number }[]>`
        insert into channels (project_id, kind, name, value) values
          (${here.projectId}, 'hook', 'one', '{"url": "https://x/\${Y}", "down": true, "name": "one"}'),
          (${here.projectId}, 'hook', '2', '{"url": "https://y/", "down": false, "name": "2"}') returning id`;
      for (const [i, { linked, schedule, ...columns }] of checks.entries()) {
        const kind = schedule === null ? 'simple' : schedule.includes('/5') ? 'cron' : 'oncalendar';
        const row = { ...columns, slug: `s${i}`, kind, schedule: schedule ?? '* * * * *', project_id: here.projectId };
        const [{ id } = { id: 0 }] = await sql<{ id: number }[]>`insert into checks ${sql(row as never)} returning id`;
        for (const n of linked) await sql`insert into channel_checks values (${id}, ${channels[n]!.id})`;
      }
      const plain = await exportConfig(context.database, { id: here.projectId }, { kinds });
      expect(plain).not.toContain('https://');
      // What YAML lets stand as it is, but for line ends that are none to us.
      expect(plain).toMatch(
        /^[\t\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u,
      );
      expect(await plan(here.projectId, plain, { prune: true })).toMatch(/^Nothing to do/);
      const full = await exportConfig(context.database, { id: here.projectId }, { kinds, secrets: true });
      expect(await plan(here.projectId, full)).toMatch(/^Nothing to do/);
      await plan(there.projectId, full);
      expect(await exportConfig(context.database, { id: there.projectId }, { kinds, secrets: true })).toBe(full);
    }),
    { numRuns: 40 },
  );
});

test('export leaves nothing out: what has no slug or name of its own has a stand-in that apply knows', async () => {
  const [here, there] = [await seedProject(context.database), await seedProject(context.database)];
  const { sql } = context.database;
  const code = (n: number) => `0000000${n}-1111-4222-8333-444444444444`;
  const projectId = here.projectId;
  await sql`
    insert into checks (project_id, code, slug, name) values
      (${projectId}, ${code(1)}, '', 'no slug'), (${projectId}, ${code(2)}, 'twice', 'x'),
      (${projectId}, ${code(3)}, 'twice', 'y'), (${projectId}, ${code(4)}, 'ok', 'ok')`;
  await sql`
    insert into channels (project_id, code, kind, name, value) values
      (${projectId}, ${code(5)}, 'hook', '', '{"url": "https://x/", "down": true, "name": ""}'),
      (${projectId}, ${code(6)}, 'hook', 'same', '{"url": "https://y/", "down": true, "name": "same"}'),
      (${projectId}, ${code(7)}, 'hook', 'same', '{"url": "https://z/", "down": true, "name": "same"}')`;
  await sql`
    insert into channel_checks (check_id, channel_id)
    select c.id, ch.id from checks c, channels ch where c.code = ${code(1)} and ch.code in (${code(5)}, ${code(6)})`;
  expect(await exportConfig(context.database, { id: projectId }, { kinds })).toBe(`channels:
  - name: hook-00000005
    kind: hook

  - name: hook-00000006
    kind: hook

  - name: hook-00000007
    kind: hook
checks:
  - slug: check-00000001
    name: no slug
    timeout: 1d
    grace: 1h
    channels: [ hook-00000005, hook-00000006 ]

  - slug: check-00000002
    name: x
    timeout: 1d
    grace: 1h
    channels: []

  - slug: check-00000003
    name: y
    timeout: 1d
    grace: 1h
    channels: []

  - slug: ok
    name: ok
    timeout: 1d
    grace: 1h
    channels: []
`);
  const full = await exportConfig(context.database, { id: projectId }, { kinds, secrets: true });
  expect(await plan(projectId, full, { prune: true })).toBe('Nothing to do: 7 as wanted.\n');

  // A change finds its row, and gives it neither a slug nor a name.
  const changed = full.replace('name: no slug', 'name: still no slug').replace('https://x/', 'https://new/');
  expect(await plan(projectId, changed)).toMatch(/2 to update, 5 unchanged/);
  const now = await sql`
    select slug, name, value from (
      select code, slug, name, null as value from checks union all select code, '', name, value from channels
    ) rows where code in (${code(1)}, ${code(5)}) order by code`;
  expect(now).toEqual([
    { slug: '', name: 'still no slug', value: null },
    { slug: '', name: '', value: { url: 'https://new/', down: true, name: '' } },
  ]);

  // Elsewhere the stand-ins are slugs and names.
  expect(await plan(there.projectId, full)).toMatch(/7 to create/);
  expect(await exportConfig(context.database, { id: there.projectId }, { kinds, secrets: true })).toBe(full);
});
