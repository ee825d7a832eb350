import { VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seedProject } from '../testing.ts';
import { type ApplyOptions, applyConfig } from './apply.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { exportConfig } from './export.ts';
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
const kinds = channelKinds(KINDS, { switched: false });
const allKinds = channelKinds(KINDS, { switched: true });
const NOW = Date.parse('2026-11-21T12:00:00Z');
const clock = new VirtualClock(NOW);
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const apply = (id: number, text: string, options: Partial<ApplyOptions> = {}) =>
  applyConfig(database, { id }, text, { clock, kinds, ...options });
const plan = async (id: number, text: string, options: Partial<ApplyOptions> = {}) => {
  const result = await apply(id, text, options);
  if (!result.ok) throw new Error(result.errors.join('\n'));
  return printPlan(result.plan);
};
const rows = (id: number) => database.sql`select * from checks where project_id = ${id} order by id`;

const FILE = `
channels:
  - name: Ops
    kind: hook
    settings: { url: "https://hooks.example.org/\${TOKEN}", down: true }
checks:
  - slug: nightly-dump
    name: Nightly dump
    tags: [db, prod]
    schedule: "30 2 * * *"
    tz: Europe/Kiev
    grace: 30m
    channels: [Ops]
  - slug: log-rotation
    timeout: 1h
`;
const env = { TOKEN: 's3cret' };

test('from nothing, again, and after a change', async () => {
  const { projectId } = await seedProject(database);
  const dry = await apply(projectId, FILE, { env, dryRun: true });
  expect(dry).toMatchObject({ ok: true, applied: false });
  expect(await rows(projectId)).toHaveLength(0);

  expect(await plan(projectId, FILE, { env })).toBe(`+ channel Ops
    kind: hook
+ check nightly-dump
    name: "Nightly dump"
    tags: "db prod"
    kind: cron
    grace: 30m
    schedule: "30 2 * * *"
    tz: "Europe/Kyiv"
    channels: ["Ops"]
+ check log-rotation
    name: "log-rotation"
    timeout: 1h
    channels: ["Ops"]

3 to create, 0 unchanged.
`);
  const [dump, log] = await rows(projectId);
  expect(dump).toMatchObject({ name: 'Nightly dump', kind: 'cron', tz: 'Europe/Kyiv', grace: 1800, status: 'new' });
  expect(log).toMatchObject({ name: 'log-rotation', timeout: 3600, kind: 'simple' });
  const [channel] = await database.sql`select * from channels where project_id = ${projectId}`;
  expect(channel).toMatchObject({
    value: { url: 'https://hooks.example.org/s3cret', down: true, name: 'Ops' },
    notify_down: true,
  });
  expect(await plan(projectId, FILE, { env })).toBe('Nothing to do: 3 as wanted.\n');

  // By name, although these are all that there are: one that is added later is not assigned by the file.
  expect(await exportConfig(database, { id: projectId }, { kinds })).toContain('channels: [ Ops ]');

  // A change of the schedule keeps the state and moves the deadline.
  await database.sql`update checks set status = 'up', last_ping = ${NOW} where id = ${log!.id}`;
  const changed = FILE.replace('timeout: 1h', 'timeout: 2h\n    desc: new')
    .replace('[Ops]', '[]')
    .replace('down: true', 'down: false');
  expect(await plan(projectId, changed, { env })).toBe(`~ channel Ops
    settings: (not shown) → (changed)
~ check nightly-dump
    channels: ["Ops"] → []
~ check log-rotation
    desc: "" → "new"
    timeout: 1h → 2h

3 to update, 0 unchanged.
`);
  const [, after] = await rows(projectId);
  expect(after).toMatchObject({ id: log!.id, status: 'up', alert_after: NOW + 3 * 3_600_000, desc: 'new' });
  expect(await plan(projectId, changed, { env })).toBe('Nothing to do: 3 as wanted.\n');
});

test('what is not in the file stays, unless pruned', async () => {
  const { projectId } = await seedProject(database);
  await plan(projectId, 'checks: [{ slug: a }, { slug: b }]');
  expect(await plan(projectId, 'checks: [{ slug: b }]')).toBe('Nothing to do: 1 as wanted.\n');
  expect(await plan(projectId, 'checks: [{ slug: b }]', { prune: true })).toBe(
    '- check a\n\n1 to delete, 1 unchanged.\n',
  );
  expect((await rows(projectId)).map((row) => row.slug)).toEqual(['b']);
  expect(await plan(projectId, '')).toBe('Nothing to do: 0 as wanted.\n');
});

test('pruning everything has to be said', async () => {
  const { projectId } = await seedProject(database);
  await plan(projectId, 'checks: [{ slug: a }]');
  for (const text of ['', 'checks:', 'channels: []', '{}', '# nothing']) {
    expect([text, await apply(projectId, text, { prune: true })]).toEqual([
      text,
      { ok: false, errors: ['the file has no checks; --prune would delete all (`checks: []` says that it should)'] },
    ]);
  }
  expect(await rows(projectId)).toHaveLength(1);
  expect(await plan(projectId, 'checks: []', { prune: true })).toBe('- check a\n\n1 to delete, 0 unchanged.\n');
});

test('numbers are the text that stands in the file', async () => {
  const { projectId } = await seedProject(database);
  const numbers = ['1.10', '007', '0x1F', '+15550123', '123e456', '12345678901234567890', '1.0'];
  const list = numbers.join(', ');
  await plan(
    projectId,
    `
channels:
  - name: 12
    kind: hook
    settings: { url: https://x, headers: { ${numbers.map((n, i) => `H${i}: ${n}`).join(', ')} } }
checks:
  - { slug: a, tags: [${list}], timeout: 90 }
  - { slug: 007, name: 1.10, tags: 1.10, channels: [12] }
`,
  );
  const [a, b] = await rows(projectId);
  expect([a!.tags, a!.timeout]).toEqual([numbers.join(' '), 90]);
  expect(b).toMatchObject({ slug: '007', name: '1.10', tags: '1.10' });
  const [channel] = await database.sql`select value from channels where project_id = ${projectId}`;
  expect(channel!.value.headers).toBe(numbers.map((n, i) => `H${i}: ${n}`).join('\n'));
});

test('a checkbox is true or false, also as a variable; nothing else passes for it', async () => {
  const { projectId } = await seedProject(database);
  const file = (down: string) => `channels: [{ name: x, kind: hook, settings: { url: https://x, down: ${down} } }]`;
  const down = async () =>
    (await database.sql`select notify_down from channels where project_id = ${projectId}`)[0]!.notify_down;
  for (const [given, meant] of [
    ['true', true],
    ['"false"', false],
    [`"\${YES}"`, true],
    ['false', false],
  ] as const) {
    await plan(projectId, file(given), { env: { YES: 'true' } });
    expect([given, await down()]).toEqual([given, meant]);
  }
  for (const given of ['no', 'off', 'yes', '1', '""', '{}']) {
    expect([given, await apply(projectId, file(given))]).toEqual([
      given,
      { ok: false, errors: ['channel x: settings.down is not a boolean'] },
    ]);
  }
});

test('a kind that is switched off: what is there may stay as it is, and nothing is made or changed', async () => {
  const { projectId } = await seedProject(database);
  const file = (url: string) => `channels: [{ name: x, kind: switched, settings: { url: ${url} } }]`;
  const refusal = { ok: false, errors: ['channel x: kind switched is switched off on this site'] };
  expect(await apply(projectId, file('https://x'))).toEqual(refusal);
  await plan(projectId, file('https://x'), { kinds: allKinds });
  expect(await plan(projectId, file('https://x'))).toBe('Nothing to do: 1 as wanted.\n');
  expect(await apply(projectId, file('https://y'))).toEqual(refusal);
  const values = await database.sql`select value->>'url' as url from channels where project_id = ${projectId}`;
  expect(values).toEqual([{ url: 'https://x' }]);
});

test('the limit of checks holds, and nothing is made beyond it', async () => {
  const { projectId } = await seedProject(database, { checkLimit: 2 });
  const result = await apply(projectId, 'checks: [{ slug: a }, { slug: b }, { slug: c }]');
  expect(result).toMatchObject({ ok: false, errors: [expect.stringContaining('as many checks')] });
  expect(await rows(projectId)).toHaveLength(0);
  await plan(projectId, 'checks: [{ slug: a }, { slug: b }]');
  await plan(projectId, 'checks: [{ slug: c }, { slug: d }]', { prune: true });
  expect((await rows(projectId)).map((row) => row.slug)).toEqual(['c', 'd']);
});

describe('what is wrong is said, all of it, and nothing is changed', () => {
  test.each<[string, string[]]>([
    [
      'checks: [',
      ['line 1, column 10: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    ['[]', ['the file: is not a mapping']],
    ['checks: {}', ['checks: is not a list']],
    ['checks: [x]', ['checks[0]: is not a mapping', 'checks[0]: needs a slug: checks are told apart by it']],
    ['check: []', ['the file: has no member "check"; there are checks, channels']],
    [
      'checks: [{ slug: "Foo Bar" }]',
      [
        'checks[0] (Foo Bar): slug does not match pattern: lower-case letters, digits, "_" and "-" only, such as "foo-bar"',
      ],
    ],
    ['checks: [{ slug: a }, { slug: a }]', ['two entries have the slug "a"']],
    [
      'checks: [{ slug: a, grace: 5 }, { slug: b, timeout: soon }, { slug: c, schedule: x }]',
      [
        'checks[0] (a): grace is too small',
        'checks[1] (b): timeout is not a length of time, such as 90s, 5m, 1h 30m or 1d',
        'checks[2] (c): schedule is not a valid cron or OnCalendar expression',
      ],
    ],
    ['checks: [{ slug: a, schedule: daily, timeout: 1h }]', ['checks[0] (a): has both schedule and timeout']],
    ['checks: [{ slug: a, tags: [x y] }]', ['checks[0] (a): tag "x y" has a space in it']],
    ['checks: [{ slug: a, channels: Ops }]', ['checks[0] (a): channels is neither "*" nor a list of names']],
    [
      'checks: [{ slug: a, channels: [Ops] }]',
      ['check a: there is no integration "Ops", neither in the project nor in the file'],
    ],
    ['checks: [{ slug: a, tags: [true] }]', ['checks[0] (a): a tag is not text']],
    [
      'channels: [{ name: x, kind: hook, settings: { url: [a] } }]',
      ['channels[0] (x): settings.url is neither text nor true or false nor a mapping of texts'],
    ],
    ['channels: [{ name: x, kind: hook, settings: { url: true } }]', ['channel x: settings.url is not a string']],
    ['checks: [{ slug: a, name: null }]', ['checks[0] (a): name is not a string']],
    ['channels: [{ name: x }]', ['channels[0]: needs a kind, such as email or webhook']],
    [
      'channels: [{ name: x, kind: hook }]',
      ['channel x: is not in the project, and without settings it cannot be added'],
    ],
    ['channels: [{ name: x, kind: hook, settings: { url: no } }]', ['channel x: settings.url: Enter a valid URL.']],
    [
      'channels: [{ name: x, kind: hook, settings: { uri: no } }]',
      ['channel x: settings.uri is not a setting of kind hook'],
    ],
    ['channels: [{ name: x, kind: nope, settings: {} }]', ['channel x: there is no kind "nope"']],
    [
      'channels: [{ name: x, kind: consent, settings: {} }]',
      ['channel x: kind consent can only be added in a browser'],
    ],
    [
      `channels: [{ name: x, kind: hook, settings: { url: "$\{NOPE}" } }]`,
      ['channels[0] (x): the environment has no variable NOPE'],
    ],
    ['a: &a [*a]', ['the file: has no member "a"; there are checks, channels']],
  ])('%s', async (text, errors) => {
    const { projectId } = await seedProject(database);
    await plan(projectId, 'checks: [{ slug: kept }]');
    expect(await apply(projectId, text, { prune: text.includes('checks:') })).toEqual({ ok: false, errors });
    expect(await rows(projectId)).toHaveLength(1);
  });

  test('two checks with one slug', async () => {
    const { projectId } = await seedProject(database);
    await database.sql`insert into checks (project_id, slug) values (${projectId}, 'a'), (${projectId}, 'a')`;
    expect(await apply(projectId, 'checks: [{ slug: a }]')).toEqual({
      ok: false,
      errors: ['check a: several checks of the project have this slug; `overdue export` shows what to call each'],
    });
  });
});

test('two at once make each check once', async () => {
  const { projectId } = await seedProject(database);
  const plans = await Promise.all([1, 2, 3].map(() => plan(projectId, FILE, { env })));
  expect(plans.filter((text) => text.startsWith('Nothing to do'))).toHaveLength(2);
  expect(await rows(projectId)).toHaveLength(2);
});

test('export: the file applies to this project without a change, and makes an equal one elsewhere', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  const seconds = fc.integer({ min: 60, max: 31_536_000 });
  const check = fc.record({
    name: fc.oneof(text, fc.constantFrom('yes', 'null', '1.0', '- x', '# y', `$\{HOME}`, '*', 'a: b', "'")),
    tags: fc.oneof(text, fc.constantFrom('a b', ' a', 'true 1')),
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
      const [here, there] = [await seedProject(database), await seedProject(database)];
      const { sql } = database;
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
      const plain = await exportConfig(database, { id: here.projectId }, { kinds });
      expect(plain).not.toContain('https://');
      expect(await plan(here.projectId, plain, { prune: true })).toMatch(/^Nothing to do/);
      const full = await exportConfig(database, { id: here.projectId }, { kinds, secrets: true });
      expect(await plan(here.projectId, full)).toMatch(/^Nothing to do/);
      await plan(there.projectId, full);
      expect(await exportConfig(database, { id: there.projectId }, { kinds, secrets: true })).toBe(full);
    }),
    { numRuns: 40 },
  );
});

test('export leaves nothing out: what has no slug or name of its own has a stand-in that apply knows', async () => {
  const [here, there] = [await seedProject(database), await seedProject(database)];
  const { sql } = database;
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
  expect(await exportConfig(database, { id: projectId }, { kinds })).toBe(`channels:
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
  const full = await exportConfig(database, { id: projectId }, { kinds, secrets: true });
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
  expect(await exportConfig(database, { id: there.projectId }, { kinds, secrets: true })).toBe(full);
});

test('durations', () => {
  fc.assert(fc.property(fc.nat(40_000_000), (n) => parseDuration(formatDuration(n)) === n));
  expect(['1h30', 'h', '', '1 h 1', '-1s', '1.5h', '1H', '-1', '1.5', '1e3', '0x5A', null].map(parseDuration)).toEqual(
    Array(12).fill(null),
  );
  expect(['90', '90s', '1h 30m', '1d2h', '1w', ' 5 m '].map(parseDuration)).toEqual([
    90, 90, 5400, 93_600, 604_800, 300,
  ]);
});
