import { uniqueKey } from '@overdue/checks';
import { beforeAll, describe, expect, test } from 'vitest';
import { addChannel, NOW, ROOT, type TestProject } from '../testing.ts';
import { useTestApi } from './setup.ts';

const context = useTestApi();
let project: TestProject;
beforeAll(async () => {
  project = await context.api.project();
});
const call = (path: string, method = 'GET', body?: unknown, key = project.rw) =>
  context.api.call(`/api/${path}`, { method, key, body });
const create = async (body: unknown = {}, key = project.rw) => (await call('v3/checks/', 'POST', body, key)).json;
const set = (uuid: string, columns: Record<string, unknown>) =>
  context.database.sql`update checks set ${context.database.sql(columns as never)} where code = ${uuid} returning id`;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const RW_SIMPLE = (
  'name slug tags desc grace n_pings status started last_ping next_ping manual_resume methods subject subject_fail ' +
  'start_kw success_kw failure_kw filter_subject filter_body filter_http_body filter_default_fail badge_url ' +
  'uuid ping_url update_url pause_url resume_url channels timeout'
).split(' ');
const without = (...names: string[]) => RW_SIMPLE.filter((name) => !names.includes(name));
const SECRET = ['uuid', 'ping_url', 'update_url', 'pause_url', 'resume_url', 'channels'];

describe('the document (§4, §5)', () => {
  test('of §5, byte for byte (M-9: times are cut to seconds)', async () => {
    const channel = await addChannel(context.database, project.id, { code: '11111111-aaaa-4aaa-8aaa-111111111111' });
    const { uuid } = await create({
      name: 'Nightly dump',
      slug: 'nightly-dump',
      tags: 'db prod',
      desc: 'pg_dump to s3',
      grace: 1800,
      schedule: '30 2 * * *',
      tz: 'Europe/Riga',
      subject: 'DONE',
      subject_fail: 'ERROR',
      channels: channel,
    });
    const badge = '9e8d7c6b-5a4f-4e3d-8c2b-1a0f9e8d7c6b';
    await set(uuid, {
      badge_key: badge,
      status: 'up',
      n_pings: 412,
      last_ping: Date.parse('2026-11-21T06:10:15.999Z'),
      last_duration_ms: 95_999,
    });
    const text = (await call(`v3/checks/${uuid}`)).text;
    const url = `${ROOT}/api/v3/checks/${uuid}`;
    expect(text).toBe(
      `{"name": "Nightly dump", "slug": "nightly-dump", "tags": "db prod", "desc": "pg_dump to s3", "grace": 1800, "n_pings": 412, "status": "up", "started": false, "last_ping": "2026-11-21T06:10:15+00:00", "next_ping": "2026-11-22T00:30:00+00:00", "manual_resume": false, "methods": "", "subject": "DONE", "subject_fail": "ERROR", "start_kw": "", "success_kw": "DONE", "failure_kw": "ERROR", "filter_subject": true, "filter_body": false, "filter_http_body": false, "filter_default_fail": false, "badge_url": "${ROOT}/b/2/${badge}.svg", "last_duration": 95, "uuid": "${uuid}", "ping_url": "${ROOT}/ping/${uuid}", "update_url": "${url}", "pause_url": "${url}/pause", "resume_url": "${url}/resume", "channels": "${channel}", "schedule": "30 2 * * *", "tz": "Europe/Riga"}`,
    );
    expect((await call(`v2/checks/${uuid}`)).text).toBe(text.replaceAll('/api/v3/', '/api/v2/'));
    expect((await call(`v1/checks/${uuid}`)).text).toBe(text.replaceAll('/api/v3/', '/api/v1/'));
  });

  test('fields by key and kind; the kind itself is not among them (M-23, M-24)', async () => {
    const simple = await create({ name: 'simple' });
    const cron = await create({ schedule: '0 0 * * *' });
    const keys = async (uuid: string, key: string) =>
      Object.keys((await call(`v3/checks/${uuid}`, 'GET', undefined, key)).json);
    expect(await keys(simple.uuid, project.rw)).toEqual(RW_SIMPLE);
    expect(await keys(cron.uuid, project.rw)).toEqual([...without('timeout'), 'schedule', 'tz']);
    const head = without(...SECRET, 'timeout');
    expect(await keys(simple.uuid, project.ro)).toEqual([...head, 'unique_key', 'timeout']);
    expect(await keys(cron.uuid, project.ro)).toEqual([...head, 'unique_key', 'schedule', 'tz']);
    expect(RW_SIMPLE).toHaveLength(29);
  });

  test('a read-only key sees no UUID anywhere', async () => {
    const { uuid } = await create({ name: 'secret' });
    const text = (await call('v3/checks/', 'GET', undefined, project.ro)).text;
    expect(text).not.toContain(uuid);
    expect(text).toContain(uniqueKey(uuid));
  });

  test('the key decides the fields, not the path (M-32)', async () => {
    const { uuid } = await create();
    const byKey = `v3/checks/${uniqueKey(uuid)}`;
    expect((await call(byKey)).json).toEqual((await call(`v3/checks/${uuid}`)).json);
    expect((await call(byKey, 'GET', undefined, project.ro)).json.unique_key).toBe(uniqueKey(uuid));
  });

  test('unique_key (M-22)', async () => {
    const { uuid } = await create();
    await set(uuid, { code: '0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8d' });
    const reply = await call('v3/checks/955b78bc083f8d6749657a297ac0d28c3251a043', 'GET', undefined, project.ro);
    expect(reply.json.unique_key).toBe('955b78bc083f8d6749657a297ac0d28c3251a043');
  });

  test.each([
    [null, undefined],
    [0, undefined],
    [400, 0],
    [1999, 1],
    [300 * 3600 * 1000, 300 * 3600],
  ])('last_duration of %j ms: %j', async (last_duration_ms, expected) => {
    const { uuid } = await create();
    await set(uuid, { last_duration_ms });
    expect((await call(`v3/checks/${uuid}`)).json.last_duration).toBe(expected);
  });

  test('text outside ASCII is escaped (M-8)', async () => {
    const reply = await call('v3/checks/', 'POST', { name: 'é日😀\u007f"\\/\b\n\u0001' });
    expect(reply.text).toContain('"name": "\\u00e9\\u65e5\\ud83d\\ude00\u007f\\"\\\\/\\b\\n\\u0001"');
  });

  test('channels are sorted and joined', async () => {
    const mine = await context.api.project();
    const codes = [];
    for (let i = 0; i < 5; i++) codes.push(await addChannel(context.database, mine.id));
    const check = await create({ channels: '*' }, mine.rw);
    expect(check.channels).toBe(codes.sort().join(','));
    expect((await call('v3/checks/', 'GET', undefined, mine.rw)).json.checks[0].channels).toBe(check.channels);
  });
});

describe('status and next_ping (§4, P-41)', () => {
  type Row = [name: string, columns: Record<string, unknown>, v1: string, v3: string, next: number | null];
  const LATE = NOW - DAY - 30 * MINUTE;
  const OVERDUE = NOW - DAY - HOUR;
  test.each<Row>([
    ['new', { status: 'new' }, 'new', 'new', null],
    ['paused', { status: 'paused' }, 'paused', 'paused', null],
    ['down', { status: 'down', last_ping: NOW - HOUR }, 'down', 'down', null],
    ['up', { status: 'up', last_ping: NOW - HOUR }, 'up', 'up', NOW - HOUR + DAY],
    ['just before expected', { status: 'up', last_ping: NOW - DAY + 1 }, 'up', 'up', NOW + 1],
    ['exactly expected', { status: 'up', last_ping: NOW - DAY }, 'grace', 'grace', NOW],
    ['late', { status: 'up', last_ping: LATE }, 'grace', 'grace', LATE + DAY],
    ['just before the end of grace', { status: 'up', last_ping: OVERDUE + 1 }, 'grace', 'grace', OVERDUE + DAY + 1],
    ['exactly overdue', { status: 'up', last_ping: OVERDUE }, 'down', 'down', OVERDUE + DAY],
    ['running, new', { last_start: NOW - MINUTE }, 'started', 'new', NOW - MINUTE],
    ['running, up', { status: 'up', last_ping: NOW - HOUR, last_start: NOW - MINUTE }, 'started', 'up', NOW - MINUTE],
    ['running, late', { status: 'up', last_ping: LATE, last_start: NOW - MINUTE }, 'started', 'grace', LATE + DAY],
    ['running, paused', { status: 'paused', last_start: NOW - MINUTE }, 'started', 'paused', NOW - MINUTE],
    ['running, down', { status: 'down', last_ping: NOW - HOUR, last_start: NOW - MINUTE }, 'started', 'down', null],
    ['run too long, new', { last_start: NOW - HOUR }, 'down', 'down', NOW - HOUR],
    ['run too long, paused', { status: 'paused', last_start: NOW - HOUR }, 'down', 'down', NOW - HOUR],
    [
      'run too long, up',
      { status: 'up', last_ping: NOW - 2 * HOUR, last_start: NOW - HOUR },
      'down',
      'down',
      NOW - HOUR,
    ],
    ['run too long, down', { status: 'down', last_ping: NOW - HOUR, last_start: NOW - HOUR }, 'down', 'down', null],
    ['run almost too long', { last_start: NOW - HOUR + 1 }, 'started', 'new', NOW - HOUR + 1],
    [
      'cron in its zone',
      {
        status: 'up',
        kind: 'cron',
        schedule: '30 2 * * *',
        tz: 'Europe/Riga',
        last_ping: Date.parse('2026-11-21T00:30:00Z'),
      },
      'up',
      'up',
      Date.parse('2026-11-22T00:30:00Z'),
    ],
    [
      'a schedule that is over',
      { status: 'up', kind: 'oncalendar', schedule: '2019-01-01', last_ping: NOW - 1000 * DAY },
      'up',
      'up',
      null,
    ],
    ['a schedule that is broken', { status: 'up', kind: 'cron', schedule: 'x', last_ping: NOW }, 'up', 'up', null],
  ])('%s', async (_, columns, v1, v3, next) => {
    const { uuid } = await create({ name: 'status' });
    await set(uuid, columns);
    const expected = next === null ? null : `${new Date(next).toISOString().slice(0, 19)}+00:00`;
    const started = columns.last_start !== undefined;
    expect((await call(`v1/checks/${uuid}`)).json).toMatchObject({ status: v1, next_ping: expected, started });
    expect((await call(`v2/checks/${uuid}`)).json).toMatchObject({ status: v3, next_ping: expected, started });
    expect((await call(`v3/checks/${uuid}`)).json).toMatchObject({ status: v3, next_ping: expected, started });
    const listed = (await call('v3/checks/')).json.checks.find((c: { uuid: string }) => c.uuid === uuid);
    expect(listed).toMatchObject({ status: v3, next_ping: expected });
  });
});

describe('list (§7.1, M-27: no limit; M-28: in the order of creation)', () => {
  let mine: TestProject;
  beforeAll(async () => {
    mine = await context.api.project();
    for (const [name, tags, slug] of [
      ['a', 'db prod', 'one'],
      ['b', 'db', 'two'],
      ['c', ' prod  db-2 ', 'one'],
      ['d', 'DB', ''],
      ['e', '', ''],
      ['f', 'ü/x %', 'three'],
    ]) {
      await create({ name, tags, slug }, mine.rw);
    }
  });
  test.each([
    ['', 'abcdef'],
    ['?tag=db', 'ab'],
    ['?tag=prod', 'ac'],
    ['?tag=db&tag=prod', 'a'],
    ['?tag=prod&tag=db', 'a'],
    ['?tag=db&tag=db', 'ab'],
    ['?tag=DB', 'd'],
    ['?tag=pro', ''],
    ['?tag=db-2', 'c'],
    ['?tag=', ''],
    ['?tag=db&tag=', ''],
    ['?tag=db+prod', ''],
    ['?tag=db%20prod', ''],
    ['?tag=%20db', ''],
    ['?tag=%C3%BC/x', 'f'],
    ['?tag=%25', 'f'],
    ['?tag=%00', ''],
    ['?tag=%ff', ''],
    ['?slug=one', 'ac'],
    ['?slug=two&slug=one', 'ac'],
    ['?slug=', 'abcdef'],
    ['?slug=one&slug=', 'abcdef'],
    ['?slug=ONE', ''],
    ['?slug=%00', ''],
    ['?slug=one&tag=db', 'a'],
    ['?slug=two&tag=prod', ''],
    ['?nothing=1&page=2', 'abcdef'],
    ['?TAG=db', 'abcdef'],
  ])('%s (M-29: tags; M-30: slug; M-31: unknown parameters)', async (query, names) => {
    for (const version of ['v1', 'v2', 'v3']) {
      const reply = await call(`${version}/checks/${query}`, 'GET', undefined, mine.rw);
      expect(reply.status).toBe(200);
      expect(reply.json.checks.map((c: { name: string }) => c.name).join('')).toBe(names);
    }
  });
  test('an empty project (M-27)', async () => {
    const empty = await context.api.project();
    expect((await call('v3/checks/', 'GET', undefined, empty.ro)).text).toBe('{"checks": []}');
  });
});

describe('channels (§7.6)', () => {
  let mine: TestProject;
  let a: string;
  let b: string;
  let foreign: string;
  beforeAll(async () => {
    mine = await context.api.project();
    a = await addChannel(context.database, mine.id, { name: 'a' });
    b = await addChannel(context.database, mine.id, { name: 'b mail' });
    await addChannel(context.database, mine.id, { name: 'double' });
    await addChannel(context.database, mine.id, { name: 'double' });
    await addChannel(context.database, mine.id, { name: a });
    await addChannel(context.database, mine.id, { name: 'x,y' });
    foreign = await addChannel(context.database, project.id, { name: 'foreign' });
  });
  const texts = (text: string) => text.replaceAll('<a>', a).replaceAll('<b>', b).replaceAll('<foreign>', foreign);
  test.each([
    [',', 'empty channel identifier'],
    ['a,', 'empty channel identifier'],
    [',a', 'empty channel identifier'],
    ['a,,b mail', 'empty channel identifier'],
    ['nope,', 'invalid channel identifier: nope'],
    ['*,a', 'invalid channel identifier: *'],
    ['a,*', 'invalid channel identifier: *'],
    [' a', 'invalid channel identifier:  a'],
    ['A', 'invalid channel identifier: A'],
    ['<B>', 'invalid channel identifier: <B>'],
    ['<foreign>', 'invalid channel identifier: <foreign>'],
    ['foreign', 'invalid channel identifier: foreign'],
    ['x,y', 'invalid channel identifier: x'],
    ['double', 'non-unique channel identifier: double'],
    ['b mail,double', 'non-unique channel identifier: double'],
    ['<a>', 'non-unique channel identifier: <a>'],
    ['é', 'invalid channel identifier: \\u00e9'],
  ])('M-44: %j: 400 %s, nothing is made or changed', async (channels, error) => {
    const text = texts(channels.replace('<B>', b.toUpperCase()));
    const check = await create({ name: 'kept', channels: 'a' }, mine.rw);
    const before = (await call('v3/checks/', 'GET', undefined, mine.rw)).text;
    for (const path of ['v3/checks/', `v3/checks/${check.uuid}`]) {
      const reply = await call(path, 'POST', { name: 'changed', channels: text }, mine.rw);
      expect([reply.status, reply.text]).toEqual([400, `{"error": "${texts(error.replace('<B>', b.toUpperCase()))}"}`]);
    }
    expect((await call('v3/checks/', 'GET', undefined, mine.rw)).text).toBe(before);
  });
  test('by name, by UUID, twice, none, all, unchanged (M-44)', async () => {
    const check = await create({ channels: `a,${b},a,b mail` }, mine.rw);
    expect(check.channels).toBe([a, b].sort().join(','));
    const update = async (body: unknown) =>
      (await call(`v3/checks/${check.uuid}`, 'POST', body, mine.rw)).json.channels;
    expect(await update({ name: 'x' })).toBe([a, b].sort().join(','));
    expect(await update({ channels: 'a' })).toBe(a);
    expect((await update({ channels: '*' })).split(',')).toHaveLength(6);
    expect(await update({ channels: '' })).toBe('');
    expect((await create({}, mine.rw)).channels).toBe('');
  });
});

describe('create and upsert (§7.7)', () => {
  test('the example of §7.7', async () => {
    const mine = await context.api.project();
    await addChannel(context.database, mine.id);
    const body = { name: 'Log rotation', timeout: 3600, grace: 300, channels: '*', unique: ['name'] };
    for (const [version, slug] of [
      ['v3', ''],
      ['v2', 'log-rotation'],
      ['v1', 'log-rotation'],
    ] as const) {
      await context.database.sql`delete from checks where project_id = ${mine.id}`;
      const first = await call(`${version}/checks/`, 'POST', body, mine.rw);
      expect(first.status).toBe(201);
      expect(first.json).toMatchObject({
        slug,
        status: 'new',
        last_ping: null,
        next_ping: null,
        timeout: 3600,
        n_pings: 0,
      });
      const second = await call(`${version}/checks/`, 'POST', { ...body, grace: 360 }, mine.rw);
      expect([second.status, second.json.grace, second.json.uuid]).toEqual([200, 360, first.json.uuid]);
    }
  });

  type Case = [what: string, unique: string[] | undefined, request: Record<string, unknown>, found: string | null];
  const EXISTING = [
    { name: 'one', slug: 's1', tags: 'a b', timeout: 3600, grace: 600 },
    { name: 'one', slug: 's2', tags: 'a', timeout: 7200, grace: 600 },
    { name: '', slug: '', tags: '', schedule: '0 0 * * *', timeout: 60 },
    { name: 'Generated Slug', slug: 'generated-slug' },
  ];
  test.each<Case>([
    ['no unique', undefined, { name: 'one' }, null],
    ['an empty one', [], { name: 'one' }, null],
    ['name', ['name'], { name: 'one' }, 's1'],
    ['name, the oldest of several', ['name'], { name: 'one', slug: 's1' }, 's1'],
    ['name, other case', ['name'], { name: 'One' }, null],
    ['an empty name (M-49)', ['name'], { name: '' }, ''],
    ['slug', ['slug'], { slug: 's2' }, 's2'],
    ['tags', ['tags'], { tags: 'a' }, 's2'],
    ['tags in other order', ['tags'], { tags: 'b a' }, null],
    ['timeout', ['timeout'], { timeout: 7200 }, 's2'],
    ['grace, several', ['grace'], { grace: 600 }, 's1'],
    ['two fields', ['name', 'timeout'], { name: 'one', timeout: 7200 }, 's2'],
    ['two fields, one differs', ['name', 'timeout'], { name: 'one', timeout: 60 }, null],
    ['a field that is absent', ['name', 'slug'], { name: 'one' }, null],
    ['repeated items (M-50)', ['slug', 'slug'], { slug: 's2' }, 's2'],
    ['default timeout of a cron check (M-49)', ['timeout', 'name'], { timeout: 86400, name: '' }, ''],
  ])('unique: %s (M-46: 200 or 201; M-48)', async (_, unique, request, found) => {
    const mine = await context.api.project();
    const codes: Record<string, string> = {};
    for (const body of EXISTING) codes[body.slug] = (await create(body, mine.rw)).uuid;
    const reply = await call('v3/checks/', 'POST', { ...request, ...(unique ? { unique } : {}), desc: 'set' }, mine.rw);
    expect(reply.status).toBe(found === null ? 201 : 200);
    expect(reply.json.desc).toBe('set');
    if (found !== null) expect(reply.json.uuid).toBe(codes[found]);
  });

  test('the generated slug is not looked up in v1 and v2 (M-49)', async () => {
    const mine = await context.api.project();
    await create({ name: 'Foo', slug: 'foo' }, mine.rw);
    expect((await call('v2/checks/', 'POST', { name: 'Foo', unique: ['slug'] }, mine.rw)).status).toBe(201);
  });

  test('checks of other projects are not found (M-48)', async () => {
    const [mine, other] = [await context.api.project(), await context.api.project()];
    await create({ name: 'x' }, other.rw);
    expect((await call('v3/checks/', 'POST', { name: 'x', unique: ['name'] }, mine.rw)).status).toBe(201);
  });

  test('order: fields, then limit, then channels (M-45, M-47)', async () => {
    const mine = await context.api.project({ checkLimit: 2 });
    const sister = await context.api.project({ ownerId: mine.ownerId });
    const { uuid } = await create({ name: 'x' }, mine.rw);
    await create({}, sister.rw); // counts for the owner
    const post = (body: unknown, path = '') => call(`v3/checks/${path}`, 'POST', body, mine.rw);
    const limited = await post({});
    expect([limited.status, limited.text]).toEqual([403, '']);
    expect(limited.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(limited.headers.get('access-control-allow-origin')).toBe('*');
    expect((await post({ name: 1 })).status).toBe(400);
    expect((await post({ channels: 'nope' })).status).toBe(403);
    expect((await post({ name: 'x', unique: ['name'] })).status).toBe(200);
    expect((await post({ name: 'y', unique: ['name'] })).status).toBe(403);
    expect((await post({ name: 'y' }, uuid)).status).toBe(200);
  });

  test('at the same time: the limit holds (M-47), and one unique name makes one check (M-48)', async () => {
    const mine = await context.api.project({ checkLimit: 5 });
    const many = await Promise.all(Array.from({ length: 15 }, () => call('v3/checks/', 'POST', {}, mine.rw)));
    expect(many.filter((reply) => reply.status === 201)).toHaveLength(5);
    expect(many.filter((reply) => reply.status === 403)).toHaveLength(10);
    const other = await context.api.project();
    const same = await Promise.all(
      Array.from({ length: 15 }, () => call('v3/checks/', 'POST', { name: 'same', unique: ['name'] }, other.rw)),
    );
    expect(same.filter((reply) => reply.status === 201)).toHaveLength(1);
    expect(same.filter((reply) => reply.status === 200)).toHaveLength(14);
  });
});

describe('update (§7.8)', () => {
  test('at the same time nothing is lost (M-40)', async () => {
    const { uuid } = await create();
    const fields = {
      name: 'n',
      slug: 's',
      tags: 't',
      desc: 'd',
      grace: 61,
      timeout: 62,
      start_kw: 'a',
      success_kw: 'b',
    };
    await Promise.all(
      Object.entries(fields).map(([name, value]) => call(`v3/checks/${uuid}`, 'POST', { [name]: value })),
    );
    expect((await call(`v3/checks/${uuid}`)).json).toMatchObject(fields);
  });
  test("another project's check is 403 before field errors, JSON errors before all (M-12)", async () => {
    const other = await context.api.project();
    const { uuid } = await create({}, other.rw);
    expect((await call(`v3/checks/${uuid}`, 'POST', { name: 1 })).status).toBe(403);
    expect((await call(`v3/checks/${uuid}`, 'POST', '{')).status).toBe(400);
    expect((await call('v3/checks/00000000-1111-4222-8333-444444444444', 'POST', { name: 1 })).status).toBe(404);
  });
});

describe('delete (§7.9)', () => {
  test('the document as it was, without channels; then nothing (M-53)', async () => {
    await addChannel(context.database, project.id);
    const check = await create({ name: 'gone', channels: '*' });
    const reply = await call(`v3/checks/${check.uuid}`, 'DELETE');
    expect([reply.status, reply.json]).toEqual([200, { ...check, channels: '' }]);
    const again = await call(`v3/checks/${check.uuid}`, 'DELETE');
    expect([again.status, again.text.includes('<html')]).toEqual([404, true]);
    expect((await call(`v3/checks/${check.uuid}`)).status).toBe(404);
  });
  test('two at once: one of them deletes (M-53)', async () => {
    const { uuid } = await create();
    const replies = await Promise.all([1, 2, 3].map(() => call(`v3/checks/${uuid}`, 'DELETE')));
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 404, 404]);
  });
});

describe('pause and resume (§7.10, §7.11)', () => {
  const flips = async (uuid: string) => [
    ...(await context.database.sql`
      select old_status, new_status from flips f join checks c on c.id = f.check_id where c.code = ${uuid} order by f.id`),
  ];
  test.each(['new', 'up', 'down'])('pausing a check that is %s, with any body (M-54, M-55)', async (status) => {
    const { uuid } = await create();
    const at = NOW - HOUR;
    await set(uuid, {
      status,
      last_ping: at,
      last_start: at,
      alert_after: at,
      wake_at: at,
      last_duration_ms: 5000,
      n_pings: 3,
    });
    for (const body of ['', {}, { nothing: 1, name: 3 }]) {
      const reply = await call(`v3/checks/${uuid}/pause`, 'POST', body);
      expect(reply.status).toBe(200);
      expect(reply.json).toMatchObject({
        status: 'paused',
        started: false,
        next_ping: null,
        last_duration: 5,
        n_pings: 3,
      });
      expect(reply.json.last_ping).toBe('2026-11-21T11:00:00+00:00');
    }
    const [row] = await context.database.sql`select alert_after, wake_at from checks where code = ${uuid}`;
    expect(row).toEqual({ alert_after: null, wake_at: null });
    expect(await flips(uuid)).toEqual([{ old_status: status, new_status: 'paused' }]);
    expect(await context.database.sql`select 1 from notifications`).toHaveLength(0);
  });
  test.each([true, false])('resuming, manual_resume %s (M-56)', async (manual_resume) => {
    const { uuid } = await create({ manual_resume });
    await set(uuid, { status: 'paused', last_ping: NOW, last_start: NOW, last_duration_ms: 5000, n_pings: 7 });
    const reply = await call(`v3/checks/${uuid}/resume`, 'POST');
    expect(reply.json).toMatchObject({
      status: 'new',
      started: false,
      last_ping: null,
      next_ping: null,
      n_pings: 7,
      last_duration: 5,
    });
    expect(await flips(uuid)).toEqual([{ old_status: 'paused', new_status: 'new' }]);
    const again = await call(`v3/checks/${uuid}/resume`, 'POST');
    expect([again.status, again.text]).toEqual([409, 'check is not paused']);
    expect(again.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(again.headers.get('access-control-allow-origin')).toBe('*');
  });
  test.each(['new', 'up', 'down'])('resuming a check that is %s: 409 (M-56)', async (status) => {
    const { uuid } = await create();
    await set(uuid, { status });
    expect((await call(`v3/checks/${uuid}/resume`, 'POST')).status).toBe(409);
    expect(await flips(uuid)).toEqual([]);
  });
  test('the last check down, paused: reminders stop (M-55)', async () => {
    const mine = await context.api.project();
    await context.database.sql`update users set nag_period = 3600, next_nag_at = ${NOW} where id = ${mine.ownerId}`;
    const [a, b] = [await create({}, mine.rw), await create({}, mine.rw)];
    for (const check of [a, b]) await set(check.uuid, { status: 'down' });
    const nag = async () =>
      (await context.database.sql`select next_nag_at from users where id = ${mine.ownerId}`)[0]!.next_nag_at;
    await call(`v3/checks/${a.uuid}/pause`, 'POST', {}, mine.rw);
    expect(await nag()).toBe(NOW);
    await call(`v3/checks/${b.uuid}/pause`, 'POST', {}, mine.rw);
    expect(await nag()).toBeNull();
  });
});
