/** What a ping URL may look like (ping-api.md sections 2 and 9), over real HTTP into a real database. */
import { describe, expect, test } from 'vitest';
import { checkOf, makeCheck, PING_KEY, pingsOf, type SendOptions, sendTo, useTestIngester } from '../testing.ts';

const t = useTestIngester();

const send = (path: string, init?: SendOptions) => sendTo(t.ingester.port, path, init);

describe('addresses and actions (section 2)', () => {
  test.each([
    ['', 'success', null],
    ['/', 'success', null],
    ['/start', 'start', null],
    ['/fail', 'fail', null],
    ['/log', 'log', null],
    ['/0', 'success', 0],
    ['/007', 'fail', 7],
    ['/255', 'fail', 255],
  ])('UUID%s is %s', async (suffix, kind, exitStatus) => {
    const code = await makeCheck(t);
    for (const prefix of ['/', '/ping/']) {
      const answer = await send(prefix + code + suffix);
      expect([answer.status, answer.body]).toEqual([200, 'OK']);
    }
    const pings = await pingsOf(t, code);
    expect(pings.map((p) => [p.n, p.kind, p.exit_status])).toEqual([
      [1, kind, exitStatus],
      [2, kind, exitStatus],
    ]);
    expect((await checkOf(t, code)).n_pings).toBe(2);
  });

  test.each([
    ['', 'success', null],
    ['/start', 'start', null],
    ['/fail', 'fail', null],
    ['/log', 'log', null],
    ['/3', 'fail', 3],
  ])('KEY/SLUG%s is %s', async (suffix, kind, exitStatus) => {
    const slug = `s-${kind}_${exitStatus}`;
    const code = await makeCheck(t, { slug });
    expect((await send(`/${PING_KEY}/${slug}${suffix}`)).body).toBe('OK');
    expect((await send(`/ping/${PING_KEY}/${slug}${suffix}`)).body).toBe('OK');
    expect((await pingsOf(t, code)).map((p) => [p.kind, p.exit_status])).toEqual([
      [kind, exitStatus],
      [kind, exitStatus],
    ]);
  });

  test('/heartbeat/UUID is the success ping', async () => {
    const code = await makeCheck(t);
    expect((await send(`/heartbeat/${code}`, { method: 'POST' })).status).toBe(200);
    expect((await send(`/heartbeat/${code}`)).status).toBe(200);
    expect((await pingsOf(t, code)).map((p) => p.kind)).toEqual(['success', 'success']);
  });

  test('what falls through (P-5)', async () => {
    const code = await makeCheck(t, { slug: 'fallthrough' });
    const upper = code.toUpperCase().replace(/^[0-9]/, 'A');
    const cases: [string, number, string | null][] = [
      [`/${code}/foo`, 404, 'not found'],
      [`/${code}/-1`, 404, 'not found'],
      [`/${code}/0x1`, 404, 'not found'],
      [`/${code}/START`, 400, 'invalid url format'],
      [`/${PING_KEY}/Upper`, 400, 'invalid url format'],
      [`/${code}/start/1`, 404, 'not found'],
      [`/${upper}`, 404, null],
      [`/${code.replaceAll('-', '')}`, 404, null],
      ['/word', 404, null],
      ['/', 404, null],
      ['/ping/', 404, null],
      [`/${upper}/start`, 404, 'not found'],
      [`/${code}/fail/`, 404, null],
      [`/${code}/1.5`, 404, null],
      [`/${PING_KEY}/fallthrough/`, 404, null],
      [`/${PING_KEY}/fallthrough/start/`, 404, null],
      [`/${PING_KEY}/fallthrough/other`, 404, null],
      [`/${PING_KEY}/nothing-here`, 404, 'not found'],
      [`/unknown-key/fallthrough`, 404, 'not found'],
      ['/00000000-0000-0000-0000-000000000000', 404, 'not found'],
      [`/${code}/256`, 400, 'invalid url format'],
      [`/${code}/99999999999999999999999999`, 400, 'invalid url format'],
      ['/00000000-0000-0000-0000-000000000000/256', 404, 'not found'],
      ['/%zz', 404, null],
      ['/%ff%fe/x', 404, null],
    ];
    for (const [path, status, body] of cases) {
      const answer = await send(path);
      expect([path, answer.status], path).toEqual([path, status]);
      if (body === null) expect(answer.headers['content-type']).toMatch(/^text\/html/);
      else expect([path, answer.body]).toEqual([path, body]);
    }
    expect((await checkOf(t, code)).n_pings).toBe(0);
  });

  test('percent-encoding is undone', async () => {
    const code = await makeCheck(t);
    expect((await send(`/%${code.charCodeAt(0).toString(16)}${code.slice(1)}/%73tart`)).status).toBe(200);
    expect((await pingsOf(t, code)).map((p) => p.kind)).toEqual(['start']);
  });

  test('several checks with one slug: 409, nothing recorded, also with create=1', async () => {
    const a = await makeCheck(t, { slug: 'twins' });
    const b = await makeCheck(t, { slug: 'twins' });
    for (const path of [`/${PING_KEY}/twins`, `/${PING_KEY}/twins?create=1`]) {
      const answer = await send(path);
      expect([answer.status, answer.body]).toEqual([409, 'ambiguous slug']);
      expect(answer.headers['cache-control']).toBeUndefined();
    }
    expect((await checkOf(t, a)).n_pings + (await checkOf(t, b)).n_pings).toBe(0);
  });
});

describe('query (P-13 to P-15)', () => {
  const RID = '01234567-89ab-cdef-0123-456789abcdef';
  test.each([
    [`?rid=${RID}`, RID],
    [`?rid=${RID.toUpperCase()}`, RID],
    ['?rid=00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000'],
    [`?rid=bad&rid=${RID}`, RID],
    [`?RID=bad`, null],
    [`?x=1&rid=${RID}&y`, RID],
    [`?rid=${RID.replaceAll('-', '%2D')}`, RID],
    ['?', null],
    ['?a=%zz', null],
  ])('%s', async (query, rid) => {
    const code = await makeCheck(t);
    expect((await send(`/${code}${query}`)).body).toBe('OK');
    expect((await pingsOf(t, code))[0]!.rid).toBe(rid);
  });

  test.each([
    '?rid=',
    '?rid',
    `?rid={${RID}}`,
    `?rid=${RID.replaceAll('-', '')}`,
    `?rid=${RID}&rid=x`,
    `?rid=${RID}%0A`,
    `?rid=%20${RID}`,
    '?rid=%zz',
  ])('%s is refused', async (query) => {
    const code = await makeCheck(t, { methods: 'POST' });
    const answer = await send(`/${code}${query}`);
    expect([answer.status, answer.body]).toEqual([400, 'invalid uuid format']);
    expect((await checkOf(t, code)).n_pings).toBe(0);
    expect((await send(`/00000000-0000-0000-0000-000000000000${query}`)).status).toBe(404);
  });

  test('a form body is no query', async () => {
    const code = await makeCheck(t);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await send(`/${code}`, { method: 'POST', body: 'rid=x&create=1', headers })).status).toBe(200);
    expect((await pingsOf(t, code))[0]!.body?.toString()).toBe('rid=x&create=1');
  });
});

describe('auto-provisioning (section 9)', () => {
  const checks = (slug: string) =>
    t.database.sql<{ code: string; name: string; n_pings: number; channels: number }[]>`
      select code, name, n_pings, (select count(*)::int from channel_checks x where x.check_id = c.id) as channels
      from checks c where slug = ${slug}`;

  test('create=1 makes the check with all channels, then pings it; later ones find it', async () => {
    await t.database.sql`
      insert into channels (project_id, kind, value) select ${t.projectId}, 'email', '{}' from generate_series(1, 2)`;
    const first = await send(`/${PING_KEY}/fresh/start?create=1`);
    expect([first.status, first.body, first.headers['ping-body-limit']]).toEqual([201, 'Created', '10000']);
    const second = await send(`/${PING_KEY}/fresh?create=1`);
    expect([second.status, second.body]).toEqual([200, 'OK']);
    expect(await checks('fresh')).toMatchObject([{ name: 'fresh', n_pings: 2, channels: 2 }]);
  });

  test('only the last create counts, and only "1"', async () => {
    for (const query of ['?create=0', '?create=1&create=2', '?create=', '?Create=1']) {
      expect((await send(`/${PING_KEY}/not-made${query}`)).status, query).toBe(404);
    }
    expect(await checks('not-made')).toEqual([]);
  });

  test('a bad ping after it is 400, but the check stays (P-51)', async () => {
    expect((await send(`/${PING_KEY}/kept?create=1&rid=x`)).body).toBe('invalid uuid format');
    expect((await send(`/${PING_KEY}/kept2/300?create=1`)).body).toBe('invalid url format');
    expect([...(await checks('kept')), ...(await checks('kept2'))]).toMatchObject([{ n_pings: 0 }, { n_pings: 0 }]);
  });

  test('a slug that does not fit makes nothing (P-53)', async () => {
    expect((await send(`/${PING_KEY}/${'x'.repeat(101)}?create=1`)).status).toBe(404);
    expect((await send(`/unknown-key/slug?create=1`)).status).toBe(404);
  });

  test('of many at once one makes it (P-54)', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(`/${PING_KEY}/raced?create=1`)));
    expect(
      answers
        .map((a) => a.status)
        .sort()
        .slice(-2),
    ).toEqual([200, 201]);
    expect(await checks('raced')).toMatchObject([{ n_pings: 20 }]);
  });

  test('the limit is twice the owner’s (P-50)', async () => {
    const [{ n } = { n: 0 }] = await t.database.sql<{ n: number }[]>`select count(*)::int as n from checks`;
    await t.database.sql`update users set check_limit = ${Math.floor((n + 1) / 2)}`;
    const statuses: number[] = [];
    for (const i of [1, 2, 3]) statuses.push((await send(`/${PING_KEY}/limit-${i}?create=1`)).status);
    expect(statuses.at(-1)).toBe(404);
    await t.database.sql`update users set check_limit = 10000`;
  });
});
