import { beforeAll, describe, expect, test } from 'vitest';
import { addChannel, type TestProject } from '../testing.ts';
import { apiOf, useTestApi, useTestProject } from './setup.ts';

const context = useTestApi();
const project = useTestProject(context);
const { call, create } = apiOf(context, project);

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
