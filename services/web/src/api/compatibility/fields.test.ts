import { beforeAll, describe, expect, test } from 'vitest';
import { useTestApi, useTestProject } from './setup.ts';

const context = useTestApi();
const project = useTestProject(context);
let uuid: string;
beforeAll(async () => {
  uuid = (await post('', '{}')).json.uuid;
});
const post = (path: string, body: unknown) =>
  context.api.call(`/api/v3/checks/${path}`, { method: 'POST', key: project.rw, body });

/** Values as they are written in JSON, and the error without its prefix. */
const ERRORS: readonly [field: string, value: string, error: string][] = [
  ...['channels', 'desc', 'failure_kw', 'name', 'schedule', 'slug', 'start_kw', 'subject', 'subject_fail']
    .concat(['success_kw', 'tags', 'tz'])
    .flatMap((field) =>
      ['null', '1', '1.5', 'true', '[]', '{}', '"a\\u0000b"', '"\\ud800"', '"\\udc00x"'].map(
        (value) => [field, value, `${field} is not a string`] as [string, string, string],
      ),
    ),
  ...['filter_subject', 'filter_body', 'filter_http_body', 'filter_default_fail', 'manual_resume'].flatMap((field) =>
    ['null', '0', '1', '"true"', '[]', '{}'].map(
      (value) => [field, value, `${field} is not a boolean`] as [string, string, string],
    ),
  ),
  ...['grace', 'timeout'].flatMap((field) => [
    ...['null', '"60"', '60.0', '1e2', '6E1', '60.5', 'NaN', 'Infinity', '-Infinity', '"PT1H"', '[]', '{}'].map(
      (value) => [field, value, `${field} is not a number`] as [string, string, string],
    ),
    ...['0', '1', '59', '-1', '-0', 'true', 'false', '-99999999999999999999999'].map(
      (value) => [field, value, `${field} is too small`] as [string, string, string],
    ),
    ...['31536001', '86400000000000', '99999999999999999999999999', `1${'0'.repeat(400)}`].map(
      (value) => [field, value, `${field} is too large`] as [string, string, string],
    ),
  ]),
  ...['null', '1', '"GET"', '"post"', '"POST "', '[]', 'true'].map(
    (value) => ['methods', value, 'methods has unexpected value'] as [string, string, string],
  ),
  ...['failure_kw', 'start_kw', 'subject', 'subject_fail', 'success_kw'].map(
    (field) => [field, `"${'x'.repeat(201)}"`, `${field} is too long`] as [string, string, string],
  ),
  ...['name', 'slug', 'schedule'].map(
    (field) => [field, `"${'x'.repeat(101)}"`, `${field} is too long`] as [string, string, string],
  ),
  ['name', `"${'💥'.repeat(101)}"`, 'name is too long'],
  ['slug', `"${'É'.repeat(101)}"`, 'slug is too long'],
  ['tags', `"${'x'.repeat(501)}"`, 'tags is too long'],
  ...['"Foo"', '"a b"', '"ä"', '"a.b"', '"a/b"', '"a\\n"', '"ａ"'].map(
    (value) => ['slug', value, 'slug does not match pattern'] as [string, string, string],
  ),
  ...[
    '',
    '   ',
    '0 0 31 2 *',
    '60 * * * *',
    '0 24 * * *',
    '*/0 * * * *',
    '5-1 * * * *',
    '* * * * 8',
    '* * * * 1#6',
    '0 0 1W * *',
    '0 0 15W * *',
    '0 0 L-3 * *',
    '0 0 ? * *',
    'H * * * *',
    '* * * *',
    '* * * * * *',
    '@daily',
    '@reboot',
    '2000-01-01',
    '*-02-30',
    'Sat..Mon 12:00',
    '12:34 Nowhere/City',
    '12:00\\n* * * * *',
    '10',
    'surprise',
  ].map(
    (value) =>
      ['schedule', `"${value}"`, 'schedule is not a valid cron or OnCalendar expression'] as [string, string, string],
  ),
  ...['', 'utc', 'europe/riga', 'Europe/Riga ', 'Factory', 'America/Coyhaique', 'Nowhere/City', '+02:00', 'Europe'].map(
    (value) => ['tz', `"${value}"`, 'tz is not a valid timezone'] as [string, string, string],
  ),
  ...['null', '"name"', '1', '{}', 'true'].map(
    (value) => ['unique', value, 'unique is not an array'] as [string, string, string],
  ),
  ...['["desc"]', '["name", "uuid"]', '[1]', '[null]', '[["name"]]', '["Name"]', '[""]'].map(
    (value) => ['unique', value, "an item in 'unique' has unexpected value"] as [string, string, string],
  ),
];

describe('errors (§7.3), on create and update', () => {
  test.each(ERRORS)('%s: %.40s -> %s (M-35…M-38)', async (field, value, error) => {
    for (const path of ['', uuid]) {
      const reply = await post(path, `{"${field}": ${value}}`);
      expect([reply.status, reply.text]).toEqual([400, `{"error": "json validation error: ${error}"}`]);
      expect(reply.headers.get('content-type')).toBe('application/json');
    }
  });

  test('nothing was made or changed by them', async () => {
    const list = await context.api.call('/api/v3/checks/', { key: project.rw });
    expect(list.json.checks).toHaveLength(1);
    expect(list.json.checks[0]).toMatchObject({ name: '', tags: '', timeout: 86400, grace: 3600 });
  });

  const ORDER = (
    'channels desc failure_kw filter_subject filter_body filter_http_body filter_default_fail grace manual_resume ' +
    'methods name schedule slug start_kw subject subject_fail success_kw tags timeout tz unique'
  ).split(' ');
  test.each(ORDER.map((field, i) => [field, ORDER.slice(i)] as const))(
    'one at a time: %s is reported before those after it',
    async (field, later) => {
      const bad = Object.fromEntries([...later].reverse().map((name) => [name, null]));
      expect((await post('', bad)).json.error).toMatch(new RegExp(`^json validation error: ${field} `));
    },
  );
});

describe('accepted values, as the answer shows them', () => {
  const long = (n: number) => 'x'.repeat(n);
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['100 emoji as name (M-35)', { name: '💥'.repeat(100) }, { name: '💥'.repeat(100) }],
    [
      'verbatim, not trimmed (M-37)',
      { name: '  a  ', tags: ' b  c ', desc: '\t' },
      { name: '  a  ', tags: ' b  c ', desc: '\t' },
    ],
    ['control characters', { name: 'a\u0001b' }, { name: 'a\u0001b' }],
    ['a surrogate pair', { name: '\ud83d\ude00' }, { name: '😀' }],
    ['100 characters of slug', { slug: long(100) }, { slug: long(100) }],
    ['an empty slug', { slug: '' }, { slug: '' }],
    ['slug characters', { slug: '_-a0' }, { slug: '_-a0' }],
    ['500 characters of tags', { tags: long(500) }, { tags: long(500) }],
    ['200 characters of keyword', { start_kw: long(200) }, { start_kw: long(200) }],
    ['smallest', { timeout: 60, grace: 60 }, { timeout: 60, grace: 60 }],
    ['largest', { timeout: 31536000, grace: 31536000 }, { timeout: 31536000, grace: 31536000 }],
    ['methods', { methods: 'POST' }, { methods: 'POST' }],
    ['unknown members', { nothing: null, deep: { a: [1] } }, { name: '' }],
    ['filters', { filter_subject: true, success_kw: 'S', failure_kw: 'F' }, { subject: 'S', subject_fail: 'F' }],
    ['keywords without filter_subject', { success_kw: 'S' }, { subject: '', success_kw: 'S' }],
    ['subject', { subject: 'S' }, { subject: 'S', success_kw: 'S', filter_subject: true }],
    ['an empty subject', { subject: '' }, { subject: '', filter_subject: false }],
    ['subject_fail', { subject_fail: 'F' }, { subject_fail: 'F', failure_kw: 'F', filter_subject: true }],
    ['subject and subject_fail', { subject: '', subject_fail: 'F' }, { filter_subject: true, failure_kw: 'F' }],
    ['success_kw beats subject', { subject: 'S', success_kw: 'K' }, { success_kw: 'K', filter_subject: true }],
    ['filter_subject beats subject', { subject: 'S', filter_subject: false }, { subject: '', filter_subject: false }],
    ['cron', { schedule: '*/5 * * * *', tz: 'Europe/Riga' }, { schedule: '*/5 * * * *', tz: 'Europe/Riga' }],
    ['schedule beats timeout', { schedule: '0 0 * * *', timeout: 60 }, { schedule: '0 0 * * *', tz: 'UTC' }],
    ['schedule is stored untrimmed (M-41)', { schedule: ' 0 0 * * * ' }, { schedule: ' 0 0 * * * ' }],
    ['tabs between fields', { schedule: '0\t0\t*\t*\t*' }, { schedule: '0\t0\t*\t*\t*' }],
    ['a legacy zone is replaced (M-43)', { schedule: '0 0 * * *', tz: 'Europe/Kiev' }, { tz: 'Europe/Kyiv' }],
    ['another legacy zone', { schedule: '0 0 * * *', tz: 'US/Pacific' }, { tz: 'America/Los_Angeles' }],
    ['Zulu', { schedule: '0 0 * * *', tz: 'Zulu' }, { tz: 'Etc/UTC' }],
    ['a kept link', { schedule: '0 0 * * *', tz: 'America/Montreal' }, { tz: 'America/Montreal' }],
    ['a fixed offset', { schedule: '0 0 * * *', tz: 'Etc/GMT+1' }, { tz: 'Etc/GMT+1' }],
  ])('%s', async (_, body, expected) => {
    const reply = await post('', body);
    expect([reply.status, reply.text.includes('error')]).toEqual([201, false]);
    expect(reply.json).toMatchObject(expected);
    const again = await context.api.call(`/api/v3/checks/${reply.json.uuid}`, { key: project.rw });
    expect(again.json).toEqual(reply.json);
  });

  test.each([
    ...['*/5 * * * *', '1/5 * * * *', '0-59/7 * * * *', '0 0 * JAN-MAR mon', '0 0 * * 0', '0 0 * * 7', '0 0 L * *'],
    ...['0 0 LW * *', '0 0 * * 5L', '0 0 * * 1#5', '0 0 * * MON#1', 'hourly', 'daily', 'weekly', 'monthly'],
    ...['quarterly', 'semiannually', 'yearly', 'annually', 'minutely', '12:34', '12:34:56', 'Mon *-*-* 09:00'],
    ...['*-*~1 12:00', '*:0/15', '12:34 Europe/Riga', '\n12:00\n13:00\n\n'],
  ])('schedule %j (M-42)', async (schedule) => {
    const reply = await post('', { schedule });
    expect([reply.status, reply.json.schedule]).toEqual([201, schedule]);
    expect(reply.json).not.toHaveProperty('timeout');
  });
});

describe('applying (§7.4)', () => {
  test('kinds keep what the other had (M-39)', async () => {
    const { uuid } = (await post('', { timeout: 120, tz: 'Europe/Riga' })).json;
    expect((await post(uuid, { schedule: '0 0 * * *' })).json).toMatchObject({
      schedule: '0 0 * * *',
      tz: 'Europe/Riga',
    });
    const simple = (await post(uuid, { timeout: 180 })).json;
    expect(simple.timeout).toBe(180);
    expect(simple).not.toHaveProperty('tz');
    const [row] = await context.database.sql`select kind, schedule, timeout from checks where code = ${uuid}`;
    expect(row).toEqual({ kind: 'simple', schedule: '0 0 * * *', timeout: 180 });
    expect((await post(uuid, { schedule: 'daily' })).json.schedule).toBe('daily');
    expect(await context.database.sql`select kind from checks where code = ${uuid}`).toEqual([{ kind: 'oncalendar' }]);
  });

  test('{} changes nothing (M-51), unique is validated and without effect', async () => {
    const before = (await post('', { name: 'Same', slug: 'same', tags: 't', grace: 99 })).json;
    expect((await post(before.uuid, {})).json).toEqual(before);
    expect((await post(before.uuid, '')).json).toEqual(before);
    expect((await post(before.uuid, { unique: ['name'] })).json).toEqual(before);
  });

  test('an update of the deadline keeps status and last ping, makes no flip (H6)', async () => {
    const { uuid } = (await post('', {})).json;
    const lastPing = context.api.clock.now() - 7_200_000;
    await context.database.sql`update checks set status = 'up', last_ping = ${lastPing} where code = ${uuid}`;
    expect((await post(uuid, { timeout: 60, grace: 60 })).json.status).toBe('down'); // shown; stored up
    const [row] = await context.database
      .sql`select id, status, last_ping, alert_after, wake_at from checks where code = ${uuid}`;
    const deadline = lastPing + 120_000;
    expect(row).toMatchObject({ status: 'up', last_ping: lastPing, alert_after: deadline, wake_at: deadline });
    expect(await context.database.sql`select 1 from flips where check_id = ${row!.id}`).toHaveLength(0);
  });

  const VERSIONS: readonly [version: string, body: Record<string, unknown>, slug: string][] = [
    ['v1', { name: 'Foo Bar_Baz! éß x' }, 'foo-bar_baz-e-x'],
    ['v2', { name: ' --Foo__-  -Bar-- ' }, 'foo__-bar'],
    ['v1', { name: '日本' }, ''],
    ['v2', { name: '' }, ''],
    ['v1', { name: '㏒'.repeat(100) }, 'log'.repeat(34).slice(0, 100)],
    ['v2', { name: `${'㏒'.repeat(33)} 日㏒` }, 'log'.repeat(33)],
    ['v1', { name: 'Foo', slug: 'own' }, 'own'],
    ['v2', { slug: 'own' }, 'own'],
    ['v2', { tags: 'x' }, 'before'],
    ['v3', { name: 'Foo' }, 'before'],
    ['v3', { name: 'Foo', slug: 'own' }, 'own'],
  ];
  test.each(VERSIONS)('%s %j: slug %j (§6, M-25, M-26)', async (version, body, slug) => {
    const { uuid } = (await post('', { name: 'Before', slug: 'before' })).json;
    const reply = await context.api.call(`/api/${version}/checks/${uuid}`, { method: 'POST', key: project.rw, body });
    expect([reply.status, reply.json.slug]).toEqual([200, slug]);
    const { status, json } = await context.api.call(`/api/${version}/checks/`, {
      method: 'POST',
      key: project.rw,
      body,
    });
    expect([status, json.slug]).toEqual([201, slug === 'before' ? '' : slug]);
  });
});
