import { uniqueKey } from '@overdue/checks';
import { beforeAll, describe, expect, test } from 'vitest';
import { NOW, ROOT } from '../testing.ts';
import { UNKNOWN_UUID, useTestApi, useTestProject } from './setup.ts';

const context = useTestApi();
const project = useTestProject(context, { pingLogLimit: 5 });
const get = (path: string, key = project.rw) => context.api.call(`/api/v3/${path}`, { key });

interface PingInput {
  readonly kind?: string;
  readonly ago?: number;
  readonly rid?: string | null;
  readonly body?: string | Buffer | null;
}

/** A check with these pings, oldest first, at `ago` ms before now. */
async function checkWithPings(pings: readonly PingInput[], of = project): Promise<{ uuid: string; id: number }> {
  const { sql } = context.database;
  const [check] = await sql<{ id: number; uuid: string }[]>`
    insert into checks (project_id, n_pings) values (${of.id}, ${pings.length}) returning id, code as uuid`;
  for (const [i, { kind = 'success', ago = 0, rid = null, body = null }] of pings.entries()) {
    await sql`
      insert into pings (check_id, n, id, created_at, kind, scheme, method, remote_addr, ua, rid, body)
      values (${check!.id}, ${i + 1}, gen_random_uuid(), ${NOW - ago}, ${kind}, 'https', 'POST', '192.0.2.7',
              'curl/8.5.0', ${rid}, ${body === null ? null : Buffer.from(body)})`;
  }
  return check!;
}

const RID = '505d5966-484e-42fa-9cbf-22a3fa6e0ac5';
const OTHER = '605d5966-484e-42fa-9cbf-22a3fa6e0ac5';
const HOUR = 3_600_000;

describe('pings (§8.1)', () => {
  test('document, order and key order; parameters are ignored (M-57, M-58)', async () => {
    const { uuid } = await checkWithPings([
      { kind: 'start', ago: 2250 + 2900, rid: RID },
      { kind: 'fail', ago: 2250, rid: RID, body: 'disk full\n' },
      { kind: 'log', ago: 250 },
    ]);
    const url = `${ROOT}/api/v3/checks/${uuid}/pings`;
    expect((await get(`checks/${uuid}/pings/`)).text).toBe(
      `{"pings": [` +
        `{"type": "log", "date": "2026-11-21T12:00:00+00:00", "n": 3, "scheme": "https", "remote_addr": "192.0.2.7", "method": "POST", "ua": "curl/8.5.0", "rid": null, "body_url": null}, ` +
        `{"type": "fail", "date": "2026-11-21T11:59:58+00:00", "n": 2, "scheme": "https", "remote_addr": "192.0.2.7", "method": "POST", "ua": "curl/8.5.0", "rid": "${RID}", "body_url": "${url}/2/body", "duration": 2.9}, ` +
        `{"type": "start", "date": "2026-11-21T11:59:55.100000+00:00", "n": 1, "scheme": "https", "remote_addr": "192.0.2.7", "method": "POST", "ua": "curl/8.5.0", "rid": "${RID}", "body_url": null}]}`,
    );
    for (const version of ['v1', 'v2']) {
      const reply = await context.api.call(`/api/${version}/checks/${uuid}/pings/?start=1&limit=1`, {
        key: project.rw,
      });
      expect(reply.json.pings).toHaveLength(3);
      expect(reply.json.pings[1].body_url).toBe(`${url.replace('v3', version)}/2/body`);
    }
  });

  type Case = [name: string, pings: PingInput[], durations: (number | undefined)[]];
  test.each<Case>([
    ['start and success', [{ kind: 'start', ago: 300_000 }, { ago: 0 }], [300]],
    [
      'start and fail',
      [
        { kind: 'start', ago: 1234 },
        { kind: 'fail', ago: 0 },
      ],
      [1.23],
    ],
    ['rounded, in binary', [{ kind: 'start', ago: 2255 }, { ago: 0 }], [2.25]],
    ['a half, to the even side', [{ kind: 'start', ago: 125 }, { ago: 0 }], [0.12]],
    ['a half, to the even side (2)', [{ kind: 'start', ago: 10_375 }, { ago: 0 }], [10.38]],
    ['no start', [{ ago: 10 }, { ago: 0 }], [undefined]],
    ['the first ping', [{ ago: 0 }], [undefined]],
    [
      'log has none',
      [
        { kind: 'start', ago: 10 },
        { kind: 'log', ago: 0 },
      ],
      [undefined],
    ],
    ['log and ign between', [{ kind: 'start', ago: 1000 }, { kind: 'log', ago: 5 }, { kind: 'ign', ago: 5 }, {}], [1]],
    ['another rid', [{ kind: 'start', ago: 1000, rid: RID }, { rid: OTHER }], [undefined]],
    [
      'interleaved rids',
      [
        { kind: 'start', ago: 3000, rid: RID },
        { kind: 'start', ago: 2000, rid: OTHER },
        { ago: 0, rid: RID },
      ],
      [3],
    ],
    ['two starts: the later', [{ kind: 'start', ago: 3000 }, { kind: 'start', ago: 2000 }, {}], [2]],
    ['a success between', [{ kind: 'start', ago: 3000 }, { ago: 2000 }, {}], [undefined]],
    ['almost 72 h', [{ kind: 'start', ago: 72 * HOUR - 1 }, {}], [259200]],
    ['more than 72 h', [{ kind: 'start', ago: 72 * HOUR + 1 }, {}], [undefined]],
    [
      'the start lies beyond the page',
      [{ kind: 'start', ago: 9000, rid: RID }, ...Array(4).fill({ kind: 'log', ago: 5 }), { ago: 0, rid: RID }],
      [9],
    ],
  ])('duration: %s', async (_, pings, durations) => {
    const { uuid } = await checkWithPings(pings);
    const listed = (await get(`checks/${uuid}/pings/`)).json.pings;
    expect(listed.slice(0, durations.length).map((p: { duration?: number }) => p.duration)).toEqual(durations);
  });

  test('a whole number of seconds is still a float', async () => {
    const { uuid } = await checkWithPings([{ kind: 'start', ago: 300_000 }, {}]);
    expect((await get(`checks/${uuid}/pings/`)).text).toContain('"duration": 300.0}');
  });

  test('more than ten misses: no durations at all (P-48)', async () => {
    const many = await context.api.project({ pingLogLimit: 30 });
    const rid = (i: number) => `00000000-0000-4000-8000-0000000000${String(i).padStart(2, '0')}`;
    const pings: PingInput[] = [
      ...Array.from({ length: 11 }, (_, i) => ({ ago: 5000, rid: rid(i) })),
      { kind: 'start', ago: 1000 },
      { ago: 0 },
    ];
    const ten = await checkWithPings(pings.slice(1), many);
    const eleven = await checkWithPings(pings, many);
    const durations = async (uuid: string) =>
      (await get(`checks/${uuid}/pings/`, many.rw)).json.pings.flatMap((p: { duration?: number }) => p.duration ?? []);
    expect(await durations(ten.uuid)).toEqual([1]);
    expect(await durations(eleven.uuid)).toEqual([]);
  });

  test('as many as the limit, also when more are stored (M-58)', async () => {
    const { uuid } = await checkWithPings(Array(9).fill({}));
    const { pings } = (await get(`checks/${uuid}/pings/`)).json;
    expect(pings.map((p: { n: number }) => p.n)).toEqual([9, 8, 7, 6, 5]);
  });

  test('no more than 1000 (M-58)', async () => {
    const large = await context.api.project({ pingLogLimit: 1500 });
    const { uuid, id } = await checkWithPings([], large);
    await context.database.sql`
      insert into pings (check_id, n, id, created_at, kind, scheme, method)
      select ${id}, n, gen_random_uuid(), now(), 'success', 'http', 'GET' from generate_series(1, 1500) n`;
    await context.database.sql`update checks set n_pings = 1500 where id = ${id}`;
    expect((await get(`checks/${uuid}/pings/`, large.rw)).json.pings).toHaveLength(1000);
  });
});

describe('ping bodies (§8.2)', () => {
  test('exact bytes, text/plain without charset (M-59), in every version (M-60)', async () => {
    const bytes = Buffer.from([0, 1, 0xff, 0x0d, 0x0a, 0xc3]);
    const { uuid } = await checkWithPings([{ body: 'disk full\n' }, { body: bytes }]);
    const reply = await get(`checks/${uuid}/pings/1/body`);
    expect([reply.status, reply.text, reply.headers.get('content-type')]).toEqual([200, 'disk full\n', 'text/plain']);
    expect(reply.headers.get('access-control-allow-origin')).toBe('*');
    const raw = await fetch(`${context.api.url}/api/v1/checks/${uuid}/pings/2/body`, {
      headers: { 'X-Api-Key': project.rw },
    });
    expect(Buffer.from(await raw.arrayBuffer()).equals(bytes)).toBe(true);
  });
  test.each([
    ['no such ping', 99],
    ['ping 0', 0],
    ['a number beyond all bounds', '99999999999999999999999999'],
    ['an empty body', 8],
    ['beyond the limit, still stored', 4],
  ])('M-59: %s: 404 page', async (_, n) => {
    const { uuid } = await checkWithPings([...Array(7).fill({ body: 'x' }), { body: null }, { body: 'x' }]);
    const reply = await get(`checks/${uuid}/pings/${n}/body`);
    expect([reply.status, reply.text.includes('<html')]).toEqual([404, true]);
    expect((await get(`checks/${uuid}/pings/5/body`)).status).toBe(200);
  });
});

describe('flips (§9)', () => {
  let uuid: string;
  const T = Math.floor(NOW / 1000);
  beforeAll(async () => {
    const check = await checkWithPings([]);
    uuid = check.uuid;
    const rows = [
      [T - 100, 'new', 'up'],
      [T - 50, 'up', 'down'],
      [T - 60, 'down', 'paused'], // recorded later, took effect earlier
      [T - 10, 'paused', 'new'],
      [T, 'new', 'up'],
    ] as const;
    for (const [at, old_status, new_status] of rows) {
      await context.database.sql`
        insert into flips (check_id, created_at, old_status, new_status)
        values (${check.id}, ${at * 1000 + 250}, ${old_status}, ${new_status})`;
    }
  });
  test('newest first by insertion, up only for up (M-61, M-62)', async () => {
    const at = (seconds: number) => `${new Date((T - seconds) * 1000).toISOString().slice(0, 19)}+00:00`;
    const expected = [
      [0, 1],
      [10, 0],
      [60, 0],
      [50, 0],
      [100, 1],
    ]
      .map(([ago, up]) => `{"timestamp": "${at(ago!)}", "up": ${up}}`)
      .join(', ');
    expect((await get(`checks/${uuid}/flips/`)).text).toBe(`{"flips": [${expected}]}`);
    expect((await get(`checks/${uniqueKey(uuid)}/flips/`, project.ro)).text).toBe(`{"flips": [${expected}]}`);
    for (const version of ['v1', 'v2']) {
      const reply = await context.api.call(`/api/${version}/checks/${uuid}/flips/`, { key: project.ro });
      expect(reply.text).toBe(`{"flips": [${expected}]}`);
    }
  });
  const ALL = 5;
  test.each<[query: string, count: number]>([
    ['', ALL],
    [`start=${T - 60}`, 4],
    [`start=${T - 59}`, 3],
    [`start=${T + 1}`, 0],
    ['start=0', ALL],
    ['end=0', 0],
    [`end=${T}`, 4],
    [`end=${T + 1}`, ALL],
    [`start=${T - 60}&end=${T}`, 3],
    ['seconds=20', 2],
    ['seconds=20.0', 2],
    ['seconds=1', 1],
    ['seconds=0', ALL],
    ['seconds=', ALL],
    ['seconds=31536000', ALL],
    ['seconds=%2020%20', 2],
    [`start=%20${T - 60}%20`, 4],
    [`seconds=20&start=${T - 100}`, 2],
    [`seconds=1&seconds=20`, 2],
    ['start=0&start=10000000000', 0],
    ['end=10000000000', ALL],
    ['nothing=x', ALL],
  ])('M-63: ?%s: %i', async (query, count) => {
    const reply = await get(`checks/${uuid}/flips/?${query}`);
    expect([reply.status, reply.json.flips.length]).toEqual([200, count]);
  });
  test.each([
    ...['start', 'end'].flatMap((name) =>
      ['', '-1', '10000000001', '1.0', '1.5', 'x', 'NaN', '1e3', '0x10', '٣', 'None'].map(
        (value) => `${name}=${value}`,
      ),
    ),
    ...['%20', '-1', '31536001', '1.5', 'x', 'NaN', '1e2', 'Infinity'].map((value) => `seconds=${value}`),
    'start=0&end=x',
    'start=x&seconds=1',
    `start=${'9'.repeat(400)}`,
  ])('?%s: 400 empty (M-63), after ownership (M-64)', async (query) => {
    const reply = await get(`checks/${uuid}/flips/?${query}`);
    expect([reply.status, reply.text]).toEqual([400, '']);
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(reply.headers.get('access-control-allow-origin')).toBe('*');
    const stranger = await context.api.project();
    expect((await get(`checks/${uuid}/flips/?${query}`, stranger.ro)).status).toBe(403);
    expect((await get(`checks/${uniqueKey(uuid)}/flips/?${query}`, stranger.ro)).status).toBe(404);
    expect((await get(`checks/${UNKNOWN_UUID}/flips/?${query}`)).status).toBe(404);
  });
});
