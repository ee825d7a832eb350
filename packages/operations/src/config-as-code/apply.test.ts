import { describe, expect, test, vi } from 'vitest';
import { seedProject } from '../testing.ts';
import { exportConfig } from './export.ts';
import { allKinds, kinds, NOW, useConfigTests } from './testing.ts';

const context = useConfigTests();
const { apply, plan, checks } = context;

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
  const { projectId } = await seedProject(context.database);
  const dry = await apply(projectId, FILE, { env, dryRun: true });
  expect(dry).toMatchObject({ ok: true, applied: false });
  expect(await checks(projectId)).toHaveLength(0);

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
  const [dump, log] = await checks(projectId);
  expect(dump).toMatchObject({ name: 'Nightly dump', kind: 'cron', tz: 'Europe/Kyiv', grace: 1800, status: 'new' });
  expect(log).toMatchObject({ name: 'log-rotation', timeout: 3600, kind: 'simple' });
  const [channel] = await context.database.sql`select * from channels where project_id = ${projectId}`;
  expect(channel).toMatchObject({
    value: { url: 'https://hooks.example.org/s3cret', down: true, name: 'Ops' },
    notify_down: true,
  });
  expect(await plan(projectId, FILE, { env })).toBe('Nothing to do: 3 as wanted.\n');

  // By name, although these are all that there are: one that is added later is not assigned by the file.
  expect(await exportConfig(context.database, { id: projectId }, { kinds })).toContain('channels: [ Ops ]');

  // A change of the schedule keeps the state and moves the deadline.
  await context.database.sql`update checks set status = 'up', last_ping = ${NOW} where id = ${log!.id}`;
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
  const [, after] = await checks(projectId);
  expect(after).toMatchObject({ id: log!.id, status: 'up', alert_after: NOW + 3 * 3_600_000, desc: 'new' });
  expect(await plan(projectId, changed, { env })).toBe('Nothing to do: 3 as wanted.\n');
});

test('what is not in the file stays, unless pruned', async () => {
  const { projectId } = await seedProject(context.database);
  await plan(projectId, 'checks: [{ slug: a }, { slug: b }]');
  expect(await plan(projectId, 'checks: [{ slug: b }]')).toBe('Nothing to do: 1 as wanted.\n');
  expect(await plan(projectId, 'checks: [{ slug: b }]', { prune: true })).toBe(
    '- check a\n\n1 to delete, 1 unchanged.\n',
  );
  expect((await checks(projectId)).map((row) => row.slug)).toEqual(['b']);
  expect(await plan(projectId, '')).toBe('Nothing to do: 0 as wanted.\n');
});

test('pruning everything has to be said', async () => {
  const { projectId } = await seedProject(context.database);
  await plan(projectId, 'checks: [{ slug: a }]');
  for (const text of ['', 'checks:', 'channels: []', '{}', '# nothing']) {
    expect([text, await apply(projectId, text, { prune: true })]).toEqual([
      text,
      { ok: false, errors: ['the file has no checks; --prune would delete all (`checks: []` says that it should)'] },
    ]);
  }
  expect(await checks(projectId)).toHaveLength(1);
  expect(await plan(projectId, 'checks: []', { prune: true })).toBe('- check a\n\n1 to delete, 0 unchanged.\n');
});

test('numbers are the text that stands in the file', async () => {
  const { projectId } = await seedProject(context.database);
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
  const [a, b] = await checks(projectId);
  expect([a!.tags, a!.timeout]).toEqual([numbers.join(' '), 90]);
  expect(b).toMatchObject({ slug: '007', name: '1.10', tags: '1.10' });
  const [channel] = await context.database.sql`select value from channels where project_id = ${projectId}`;
  expect(channel!.value.headers).toBe(numbers.map((n, i) => `H${i}: ${n}`).join('\n'));
});

test('a checkbox is true or false, also as a variable; nothing else passes for it', async () => {
  const { projectId } = await seedProject(context.database);
  const file = (down: string) => `channels: [{ name: x, kind: hook, settings: { url: https://x, down: ${down} } }]`;
  const down = async () =>
    (await context.database.sql`select notify_down from channels where project_id = ${projectId}`)[0]!.notify_down;
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
  const { projectId } = await seedProject(context.database);
  const file = (url: string) => `channels: [{ name: x, kind: switched, settings: { url: ${url} } }]`;
  const refusal = { ok: false, errors: ['channel x: kind switched is switched off on this site'] };
  expect(await apply(projectId, file('https://x'))).toEqual(refusal);
  await plan(projectId, file('https://x'), { kinds: allKinds });
  expect(await plan(projectId, file('https://x'))).toBe('Nothing to do: 1 as wanted.\n');
  expect(await apply(projectId, file('https://y'))).toEqual(refusal);
  const values = await context.database.sql`select value->>'url' as url from channels where project_id = ${projectId}`;
  expect(values).toEqual([{ url: 'https://x' }]);
});

test('the limit of checks holds, and nothing is made beyond it', async () => {
  const { projectId } = await seedProject(context.database, { checkLimit: 2 });
  const result = await apply(projectId, 'checks: [{ slug: a }, { slug: b }, { slug: c }]');
  expect(result).toMatchObject({ ok: false, errors: [expect.stringContaining('as many checks')] });
  expect(await checks(projectId)).toHaveLength(0);
  await plan(projectId, 'checks: [{ slug: a }, { slug: b }]');
  await plan(projectId, 'checks: [{ slug: c }, { slug: d }]', { prune: true });
  expect((await checks(projectId)).map((row) => row.slug)).toEqual(['c', 'd']);
});

describe('what is wrong is said, all of it, and nothing is changed', () => {
  test.each<[string, string[]]>([
    [
      'checks: [',
      ['line 1, column 10: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    ['[]', ['the file: is not a mapping']],
    ['checks: []\n---\nchecks: []', ['line 2, column 1: a second document begins; there may be one']],
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
    const { projectId } = await seedProject(context.database);
    await plan(projectId, 'checks: [{ slug: kept }]');
    expect(await apply(projectId, text, { prune: text.includes('checks:') })).toEqual({ ok: false, errors });
    expect(await checks(projectId)).toHaveLength(1);
  });

  test('a key that is a list: the library does not talk to people', async () => {
    const { projectId } = await seedProject(context.database);
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const result = await apply(projectId, '? [a]\n: 1\n');
    const warnings = [...warned.mock.calls];
    warned.mockRestore();
    expect(result).toEqual({ ok: false, errors: ['the file: has no member "[ a ]"; there are checks, channels'] });
    expect(warnings).toEqual([]);
  });

  test('lists in lists without end', async () => {
    const { projectId } = await seedProject(context.database);
    const result = await apply(projectId, `checks: ${'['.repeat(20_000)}`);
    expect(result).toMatchObject({ ok: false, errors: [expect.stringContaining('are nested too deeply')] });
  });

  test('two checks with one slug', async () => {
    const { projectId } = await seedProject(context.database);
    await context.database.sql`insert into checks (project_id, slug) values (${projectId}, 'a'), (${projectId}, 'a')`;
    expect(await apply(projectId, 'checks: [{ slug: a }]')).toEqual({
      ok: false,
      errors: ['check a: several checks of the project have this slug; `overdue export` shows what to call each'],
    });
  });
});

test('two at once make each check once', async () => {
  const { projectId } = await seedProject(context.database);
  const plans = await Promise.all([1, 2, 3].map(() => plan(projectId, FILE, { env })));
  expect(plans.filter((text) => text.startsWith('Nothing to do'))).toHaveLength(2);
  expect(await checks(projectId)).toHaveLength(2);
});
