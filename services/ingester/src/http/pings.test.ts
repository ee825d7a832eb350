/** The ping API over real HTTP into a real database: ping-api.md, rule by rule. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  checkOf,
  lineByLine,
  makeCheck,
  PING_KEY,
  pingsOf,
  raw,
  type SendOptions,
  sendTo,
  startTestIngester,
  type TestIngester,
} from '../testing.ts';

let t: TestIngester;
beforeAll(async () => {
  t = await startTestIngester();
});
afterAll(() => t.stop());

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

describe('answers (section 4)', () => {
  test('headers of a recorded ping', async () => {
    const code = await makeCheck(t);
    const { headers } = await send(`/${code}`);
    expect(headers['ping-body-limit']).toBe('10000');
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['cache-control']).toBe('max-age=0, no-cache, no-store, must-revalidate, private');
    expect(Math.abs(Date.parse(headers.expires as string) - Date.now())).toBeLessThan(5000);
    expect(headers['content-length']).toBe('2');
    expect(headers['content-type']).toMatch(/^text\//);
  });

  test('headers of errors', async () => {
    const code = await makeCheck(t);
    for (const path of [`/${code}/256`, `/${code}?rid=x`, '/00000000-0000-0000-0000-000000000000']) {
      const { headers } = await send(path);
      expect(headers['cache-control'], path).toMatch(/no-store/);
      expect(headers.expires, path).toBeDefined();
      expect(headers['ping-body-limit'], path).toBeUndefined();
      expect(headers['access-control-allow-origin'], path).toBeUndefined();
    }
    for (const path of [`/${PING_KEY}/Upper`, `/${PING_KEY}/no-such`]) {
      expect((await send(path)).headers['cache-control'], path).toBeUndefined();
    }
  });

  test('HEAD has the length and no body', async () => {
    const code = await makeCheck(t);
    const { text: answer } = await raw(t.ingester.port, `HEAD /${code} HTTP/1.1\r\nHost: x\r\n\r\n`, 200);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/\r\nContent-Length: 2\r\n/i);
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
    expect((await pingsOf(t, code))[0]).toMatchObject({ kind: 'success', method: 'HEAD' });
  });

  test('HEAD is answered whatever the answer, and its connection stays usable', async () => {
    const code = await makeCheck(t);
    const unknown = '00000000-0000-0000-0000-000000000000';
    const requests = ['HEAD /nope', `HEAD /${code}/log`, `HEAD /${code}/256`, `HEAD /${unknown}`, 'HEAD /K/Upper'];
    const connection = await lineByLine(t.ingester.port, [...requests, `GET /${code}/log`]);
    expect(connection.map((answer) => answer.slice(9, 12))).toEqual(['404', '200', '400', '404', '400', '200']);
    for (const answer of connection.slice(0, -1))
      expect(answer).toMatch(/\r\nContent-Length: [1-9]\d*\r\n[\s\S]*\r\n\r\n$/);
    const tooLong = `HEAD /${code} HTTP/1.1\r\nHost: x\r\nContent-Length: 2621441\r\n\r\n`;
    expect((await raw(t.ingester.port, tooLong, 200)).text).toMatch(/^HTTP\/1\.1 400 [\s\S]*\r\nConnection: close\r\n/);
    expect((await send(`/${code}/log`)).status).toBe(200);
  });

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'REPORT', 'LONGERTHANTEN'])(
    '%s is a ping, with its body',
    async (method) => {
      const code = await makeCheck(t);
      const { text: answer } = await raw(
        t.ingester.port,
        `${method} /${code} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody`,
        200,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nOK$/);
      const [ping] = await pingsOf(t, code);
      expect(ping).toMatchObject({ kind: 'success', method: method.slice(0, 10) });
      expect(ping!.body?.toString()).toBe('body');
    },
  );
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

describe('what is recorded (section 5)', () => {
  test.each([
    ['1.1.1.1, 2.2.2.2', '1.1.1.1'],
    ['1.1.1.1:1234', '1.1.1.1'],
    ['2001::1', '2001::1'],
    ['2001:DB8:0::0001', '2001:db8::1'],
    ['::ffff:1.1.1.1', '::ffff:1.1.1.1'],
    ['garbage', null],
    [' 1.1.1.1', '1.1.1.1'],
    ['[2001::1]:1234', '2001::1'],
    ['1.1.1.1:http', '1.1.1.1'],
    ['', null],
  ])('X-Forwarded-For: %s (P-16)', async (value, address) => {
    const code = await makeCheck(t);
    expect((await send(`/${code}`, { headers: { 'x-forwarded-for': value } })).status).toBe(200);
    expect((await pingsOf(t, code))[0]!.remote_addr).toBe(address);
  });

  test('scheme, Forwarded, user agent', async () => {
    const code = await makeCheck(t);
    await send(`/${code}`, { headers: { 'x-forwarded-proto': 'https', 'user-agent': 'x'.repeat(300) } });
    await send(`/${code}`, { headers: { 'x-forwarded-proto': 'elevenchars' } });
    await send(`/${code}`, { headers: { forwarded: 'for="[2001:db8::17]:4711";proto=https, for=1.2.3.4' } });
    await raw(t.ingester.port, `GET /${code} HTTP/1.1\r\nHost: x\r\n\r\n`, 200);
    expect((await pingsOf(t, code)).map((p) => [p.scheme, p.remote_addr, p.ua.length])).toEqual([
      ['https', '127.0.0.1', 200],
      ['elevenchar', '127.0.0.1', 0],
      ['https', '2001:db8::17', 0],
      ['http', '127.0.0.1', 0],
    ]);
  });

  test('a PROXY header is not believed, whoever sends it: HTTP headers say who the client is', async () => {
    const code = await makeCheck(t);
    const proxy = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb0071070a000001c8221f41', 'hex');
    const request = Buffer.from(`GET /${code} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await raw(t.ingester.port, Buffer.concat([proxy, request]), 200);
    expect((await pingsOf(t, code)).map((ping) => ping.remote_addr)).toEqual(['127.0.0.1']);
  });

  test.each([
    ['Gerät 🚰 7', 'Gerät 🚰 7'],
    [`${'x'.repeat(199)}🚰!`, `${'x'.repeat(199)}\ufffd`],
    [Buffer.from('Ger\xe4t', 'latin1'), 'Gerät'],
  ])('a User-Agent in UTF-8, or else in Latin-1: %s', async (sent, ua) => {
    const code = await makeCheck(t);
    const bytes = [`GET /${code} HTTP/1.1\r\nHost: x\r\nUser-Agent: `, sent, '\r\n\r\n'].map((part) =>
      Buffer.from(part),
    );
    expect((await raw(t.ingester.port, Buffer.concat(bytes), 200)).text).toContain('200 OK');
    expect((await pingsOf(t, code))[0]!.ua).toBe(ua);
  });

  test('bodies are kept exactly, and cut', async () => {
    const code = await makeCheck(t);
    const bytes = Buffer.from([0, 255, 254, 13, 10, 0x27, 0x22, 0x5c, 0x7b, 0x7d]);
    await send(`/${code}`, { method: 'POST', body: bytes });
    await send(`/${code}`, { method: 'POST', body: Buffer.alloc(10_001, 'a') });
    await send(`/${code}`, { method: 'POST', body: Buffer.alloc(2_621_440, 'b') });
    await send(`/${code}`, { method: 'POST', body: '' });
    const pings = await pingsOf(t, code);
    expect(pings[0]!.body!.equals(bytes)).toBe(true);
    expect(pings.slice(1).map((p) => p.body?.length ?? null)).toEqual([10_000, 10_000, null]);
  });

  test('a body over the limit is refused (section 4, step 4), declared or not', async () => {
    const code = await makeCheck(t);
    const { text: declared } = await raw(
      t.ingester.port,
      `POST /${code} HTTP/1.1\r\nHost: x\r\nContent-Length: 2621441\r\n\r\n`,
    );
    expect(declared).toMatch(/^HTTP\/1\.1 400 /);
    const chunk = `${(1 << 20).toString(16)}\r\n${'x'.repeat(1 << 20)}\r\n`;
    const { text: chunked } = await raw(
      t.ingester.port,
      `POST /${code} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}0\r\n\r\n`,
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 400 /);
    expect((await checkOf(t, code)).n_pings).toBe(0);
  });

  test('a chunked body is put together', async () => {
    const code = await makeCheck(t);
    const bytes = `POST /${code}/log HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`;
    expect((await raw(t.ingester.port, bytes, 200)).text).toMatch(/^HTTP\/1\.1 200 /);
    expect((await pingsOf(t, code))[0]!.body?.toString()).toBe('abcde');
  });

  test('the instant of the ping is the check’s (P-22), the id is a UUIDv7 of it', async () => {
    const code = await makeCheck(t);
    await send(`/${code}/start`);
    await send(`/${code}`);
    const pings = await pingsOf(t, code);
    const check = await checkOf(t, code);
    expect(check).toMatchObject({ status: 'up', last_ping: pings[1]!.created_at, last_start: null });
    expect(check.last_duration_ms).toBe(pings[1]!.created_at - pings[0]!.created_at);
    expect(check.alert_after).toBe(pings[1]!.created_at + (86_400 + 3600) * 1000);
    expect(check.wake_at).toBeLessThanOrEqual(check.alert_after!);
  });

  test('has_confirmation_link is set and reset (P-31)', async () => {
    const code = await makeCheck(t);
    await send(`/${code}/log`, { method: 'POST', body: 'please CONFIRM' });
    expect((await checkOf(t, code)).has_confirmation_link).toBe(true);
    await send(`/${code}`);
    expect((await checkOf(t, code)).has_confirmation_link).toBe(false);
  });
});

describe('classification (section 6)', () => {
  const filtered = {
    filter_http_body: true,
    success_kw: 'done, FINE',
    failure_kw: 'error',
    start_kw: 'begin',
    methods: '',
  };
  test.each([
    [{ methods: 'POST' }, 'GET', '', '', 'ign'],
    [{ methods: 'POST' }, 'GET', '/fail', '', 'ign'],
    [{ methods: 'POST' }, 'POST', '', '', 'success'],
    [filtered, 'POST', '/fail', 'all done', 'success'],
    [filtered, 'POST', '/log', 'FINE', 'success'],
    [filtered, 'POST', '', 'done with error', 'fail'],
    [filtered, 'POST', '', 'begin', 'start'],
    [filtered, 'POST', '/3', 'Done', 'ign'],
    [{ ...filtered, filter_default_fail: true }, 'POST', '/log', 'nothing', 'fail'],
    [{ ...filtered, filter_default_fail: true }, 'GET', '', '', 'fail'],
    [{ ...filtered, methods: 'POST' }, 'PUT', '', 'done', 'ign'],
    [{ ...filtered, success_kw: ' , ,', failure_kw: '', start_kw: '' }, 'POST', '', ' , ', 'ign'],
    [{ filter_subject: true, filter_body: true }, 'POST', '', 'x', 'success'],
    [{ status: 'paused', manual_resume: true }, 'GET', '/fail', '', 'ign'],
  ])('%j %s %s "%s" is %s', async (columns, method, suffix, body, kind) => {
    const code = await makeCheck(t, columns);
    const answer = await send(`/${code}${suffix}`, { method, ...(body ? { body } : {}) });
    expect([answer.status, answer.body]).toEqual([200, 'OK']);
    expect((await pingsOf(t, code)).map((p) => p.kind)).toEqual([kind]);
    const check = await checkOf(t, code);
    expect(check.n_pings).toBe(1);
    if (kind === 'ign') expect(check.last_ping).toBeNull();
  });

  test('a body that is not UTF-8 is searched all the same (P-29)', async () => {
    const code = await makeCheck(t, filtered);
    expect((await send(`/${code}`, { method: 'POST', body: Buffer.from([255, 100, 111, 110, 101, 195]) })).status).toBe(
      200,
    );
    expect((await pingsOf(t, code))[0]!.kind).toBe('success');
  });

  test('an edit counts at once', async () => {
    const code = await makeCheck(t);
    await send(`/${code}`);
    await t.database.sql`update checks set methods = 'POST' where code = ${code}`;
    await expect
      .poll(async () => {
        await send(`/${code}`);
        return (await pingsOf(t, code)).at(-1)!.kind;
      })
      .toBe('ign');
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

describe('the log (section 11)', () => {
  test('is bounded by the project’s limit without losing count', async () => {
    const code = await makeCheck(t);
    await t.database.sql`update projects set ping_log_limit = 5`;
    for (let i = 0; i < 40; i++) await send(`/${code}`);
    const pings = await pingsOf(t, code);
    await t.database.sql`update projects set ping_log_limit = 100`;
    expect(pings.at(-1)!.n).toBe(40);
    expect(pings.length).toBeGreaterThanOrEqual(5);
    expect(pings.length).toBeLessThanOrEqual(5 + 16);
    expect((await checkOf(t, code)).n_pings).toBe(40);
  });

  test('a check that is deleted is gone at once', async () => {
    const code = await makeCheck(t);
    expect((await send(`/${code}`)).status).toBe(200);
    await t.database.sql`delete from checks where code = ${code}`;
    expect((await send(`/${code}`)).status).toBe(404);
  });
});

test('flips and what they owe are written with the ping', async () => {
  const code = await makeCheck(t, { status: 'up' });
  await t.database.sql`
    insert into channel_checks (check_id, channel_id)
    select c.id, h.id from checks c, (select id from channels limit 1) h where c.code = ${code}`;
  await send(`/${code}/fail`);
  const flips = await t.database.sql`
    select f.old_status, f.new_status, f.reason, f.created_at = c.last_ping as exact,
           (select count(*)::int from notifications n where n.flip_id = f.id) as owed
    from flips f join checks c on c.id = f.check_id where c.code = ${code}`;
  expect(flips).toMatchObject([{ old_status: 'up', new_status: 'down', reason: 'fail', exact: true, owed: 1 }]);
});

test('metrics tell what happened', async () => {
  const before = await metric('refused_total');
  await send(`/${await makeCheck(t)}`);
  await send('/00000000-0000-4000-8000-000000000000');
  await send('/nowhere');
  await send(`/${await makeCheck(t)}?rid=x`);
  const after = await metric('refused_total');
  expect({ 404: after[404]! - (before[404] ?? 0), 400: after[400]! - (before[400] ?? 0) }).toEqual({ 404: 2, 400: 1 });
  expect((await metric('accepted_total')).committed).toBeGreaterThan(0);
  const text = await t.registry.metrics();
  for (const name of ['batch_size', 'commit_seconds', 'spool_bytes', 'cache_hits_total']) {
    expect(text).toContain(`overdue_ingester_${name}`);
  }
  // What is named as a counter is one.
  expect(text).not.toMatch(/^# TYPE \S+_total (?!counter)/m);
});

/** Values of a metric with one label, by its label. */
async function metric(name: string): Promise<Record<string, number>> {
  const { values } = await t.registry.getSingleMetric(`overdue_ingester_${name}`)!.get();
  return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels)[0], value]));
}
