import { createHash, createHmac } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { NOW, ROOT, SECRET_KEY, type TestProject } from '../testing.ts';
import { UNKNOWN_UUID, useTestApi, useTestProject } from './setup.ts';

const context = useTestApi({ MASTER_BADGE_LABEL: 'All <our> checks' });
const project = useTestProject(context);

/** M-76, written down once more. */
function sign(badgeKey: string, tag: string): string {
  const key = createHash('sha1').update(badgeKey).update(SECRET_KEY).digest();
  return createHmac('sha1', key)
    .update(tag, 'utf8')
    .digest('base64')
    .slice(0, 8)
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}
const call = (path: string, method = 'GET') => context.api.call(path, { method });
const tagPath = (tag: string, suffix = '', of = project) =>
  `/badge/${of.badgeKey}/${sign(of.badgeKey, tag)}${suffix}/${encodeURIComponent(encodeURIComponent(tag))}`;

/** A project with a check in each of these states, all tagged `t`. */
async function withStates(...states: ('up' | 'new' | 'paused' | 'running' | 'late' | 'down')[]): Promise<TestProject> {
  const mine = await context.api.project();
  for (const state of states) {
    const columns = {
      up: { status: 'up', last_ping: NOW },
      new: { status: 'new' },
      paused: { status: 'paused' },
      running: { status: 'up', last_ping: NOW, last_start: NOW },
      late: { status: 'up', last_ping: NOW - 86_400_000 },
      down: { status: 'up', last_ping: NOW - 86_400_000 - 3_600_000 }, // stored up, shown down
    }[state];
    await context.database
      .sql`insert into checks ${context.database.sql({ project_id: mine.id, name: state, tags: 't', ...columns } as never)}`;
  }
  return mine;
}

describe('status and counts (§12.3, M-81, M-82)', () => {
  type Case = [states: Parameters<typeof withStates>, two: string, three: string, counts: string];
  test.each<Case>([
    [[], 'up', 'up', '"total": 0, "grace": 0, "down": 0'],
    [['up'], 'up', 'up', '"total": 1, "grace": 0, "down": 0'],
    [['new', 'paused', 'running'], 'up', 'up', '"total": 3, "grace": 0, "down": 0'],
    [['up', 'late'], 'up', 'late', '"total": 2, "grace": 1, "down": 0'],
    [['late', 'down'], 'down', 'down', '"total": 2, "grace": 1, "down": 1'],
    [['down', 'up', 'down'], 'down', 'down', '"total": 3, "grace": 0, "down": 2'],
  ])('%j', async (states, two, three, counts) => {
    const mine = await withStates(...states);
    const colors: Record<string, string> = { up: 'success', late: 'important', down: 'critical' };
    for (const [suffix, status] of [
      ['-2', two],
      ['', three],
    ] as const) {
      const all = `/badge/${mine.badgeKey}/${sign(mine.badgeKey, '*')}${suffix}`;
      for (const [path, label] of [
        [all, 'All <our> checks'],
        [`${all}/%252A`, 'All <our> checks'],
        [tagPath('t', suffix, mine), 't'],
      ] as const) {
        const json = await call(`${path}.json`);
        expect([json.status, json.text]).toEqual([200, `{"status": "${status}", ${counts}}`]);
        expect(json.headers.get('content-type')).toBe('application/json');
        const shields = await call(`${path}.shields`);
        expect(shields.text).toBe(
          `{"schemaVersion": 1, "label": "${label}", "message": "${status}", "color": "${colors[status]}"}`,
        );
        expect(shields.headers.get('content-type')).toBe('application/json');
        const svg = await call(`${path}.svg`);
        expect(svg.headers.get('content-type')).toBe('image/svg+xml');
        expect(svg.text).toContain(`>${status}</text>`);
        expect(svg.text).toContain(label.replace('<', '&lt;').replace('>', '&gt;'));
      }
    }
  });
});

test('a badge follows its check at once', async () => {
  const mine = await withStates('up');
  const path = `${tagPath('t', '', mine)}.json`;
  for (const [status, shown] of [
    ['down', 'down'],
    ['up', 'up'],
    ['down', 'down'],
    ['paused', 'up'],
  ] as const) {
    await context.database.sql`update checks set status = ${status} where project_id = ${mine.id}`;
    expect((await call(path)).json.status).toBe(shown);
  }
});

describe('signatures (M-75…M-78)', () => {
  test('a tag that no check has: up, total 0', async () => {
    expect((await call(`${tagPath('nobody')}.json`)).text).toBe('{"status": "up", "total": 0, "grace": 0, "down": 0}');
  });
  test('M-77: longer signatures are accepted, -2 counts at exactly 10 characters', async () => {
    const mine = await withStates('late');
    for (const [suffix, status] of [
      ['', 'late'],
      ['-2', 'up'],
      ['-3', 'late'],
      ['x-2', 'late'],
      ['abc', 'late'],
      ['2', 'late'],
    ]) {
      expect((await call(`${tagPath('t', suffix, mine)}.json`)).json.status).toBe(status);
    }
  });
  test.each([
    ['wrong', () => `/badge/${project.badgeKey}/AAAAAAAA/db.svg`],
    ['of another tag', () => `/badge/${project.badgeKey}/${sign(project.badgeKey, 'db')}/prod.svg`],
    ['of all for a tag', () => `/badge/${project.badgeKey}/${sign(project.badgeKey, '*')}/db.svg`],
    ['of a tag for all', () => `/badge/${project.badgeKey}/${sign(project.badgeKey, 'db')}.svg`],
    [
      'in other case',
      () => `/badge/${project.badgeKey}/${sign(project.badgeKey, '*').toLowerCase().replace(/^./, 'Z')}.svg`,
    ],
    ['too short', () => `/badge/${project.badgeKey}/${sign(project.badgeKey, '*').slice(0, 7)}.svg`],
    ['of an unknown badge key', () => `/badge/nobody/${sign('nobody', '*')}.svg`],
    ['with an unknown format', () => `/badge/${project.badgeKey}/${sign(project.badgeKey, '*')}.png`],
    ['with a format in upper case', () => `/badge/${project.badgeKey}/${sign(project.badgeKey, '*')}.SVG`],
  ])('%s: 404 empty, with CORS and cache headers', async (_, path) => {
    const reply = await call(path());
    expect([reply.status, reply.text]).toEqual([404, '']);
    expect(reply.headers.get('access-control-allow-origin')).toBe('*');
    expect(reply.headers.get('cache-control')).toBe('max-age=0, no-cache, no-store, must-revalidate, private');
  });
});

describe('tags in paths (M-79)', () => {
  const tags = ['db@dc1', 'a/b', 'ü', 'a.b', 'a.svg', '日本', '100%', '<&"\'>', 'a~b_c-d', '*x', '😀', 'a+b', '?', '#'];
  test.each(tags)('%s: the generated address works', async (tag) => {
    const mine = await context.api.project();
    await context.database.sql`insert into checks (project_id, tags, status) values (${mine.id}, ${tag}, 'down')`;
    const { badges } = (await context.api.call('/api/v3/badges/', { key: mine.ro })).json;
    const encoded = encodeURIComponent(
      encodeURIComponent(tag).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    );
    expect(badges[tag]).toEqual(
      Object.fromEntries(
        ['svg', 'json', 'shields'].flatMap((format) =>
          [
            ['-2', format],
            ['', `${format}3`],
          ].map(([suffix, name]) => [
            name,
            `${ROOT}/badge/${mine.badgeKey}/${sign(mine.badgeKey, tag)}${suffix}/${encoded}.${format}`,
          ]),
        ),
      ),
    );
    expect((await call(badges[tag].json.slice(ROOT.length))).text).toBe(
      '{"status": "down", "total": 1, "grace": 0, "down": 1}',
    );
    expect((await call(badges[tag].svg3.slice(ROOT.length))).status).toBe(200);
  });
  test.each([
    ['raw', 'db@dc1'],
    ['single-encoded', 'db%40dc1'],
    ['single-encoded slash', 'a%2Fb'],
    ['raw blank', 'a%20b'],
    ['nothing', ''],
  ])('%s: 404 page', async (_, path) => {
    const reply = await call(
      `/badge/${project.badgeKey}/${sign(project.badgeKey, decodeURIComponent(path))}/${path}.svg`,
    );
    expect([reply.status, reply.text.includes('<html')]).toEqual([404, true]);
  });
  test.each(['%25', '%25%25', '%25ff', '%2500'])('%s: 404, not an error', async (path) => {
    expect((await call(`/badge/${project.badgeKey}/AAAAAAAA/${path}.svg`)).status).toBe(404);
  });
});

describe('one check (M-80…M-83)', () => {
  let badge: string;
  let unnamed: string;
  beforeAll(async () => {
    const rows = await context.database.sql<{ badge_key: string }[]>`
      insert into checks (project_id, name, status, last_ping) values
        (${project.id}, 'Nightly & <dump>', 'up', ${NOW - 86_400_000}), (${project.id}, '', 'new', null)
      returning badge_key`;
    badge = rows[0]!.badge_key;
    unnamed = rows[1]!.badge_key;
  });
  test.each([
    ['3', 'late'],
    ['2', 'up'],
    ['0', 'up'],
    ['1', 'up'],
    ['4', 'up'],
    ['30', 'up'],
    ['03', 'late'],
    ['9'.repeat(30), 'up'],
  ])('/b/%s/: %s', async (states, status) => {
    expect((await call(`/b/${states}/${badge}.json`)).text).toBe(
      `{"status": "${status}", "total": 1, "grace": 1, "down": 0}`,
    );
  });
  test('label', async () => {
    expect((await call(`/b/2/${badge}.shields`)).json.label).toBe('Nightly & <dump>');
    expect((await call(`/b/2/${badge}.svg`)).text).toContain('Nightly &amp; &lt;dump&gt;');
    const shields = await call(`/b/2/${unnamed}.shields`);
    expect(shields.json.label).toBe('unnamed'); // not its UUID: that is its ping URL
  });
  test.each([
    ['/b/x/<badge>.svg', 'page'],
    ['/b/-1/<badge>.svg', 'page'],
    ['/b/2.5/<badge>.svg', 'page'],
    ['/b/2/<BADGE>.svg', 'page'],
    [`/b/2/${UNKNOWN_UUID}.svg`, 'page'],
    ['/b/2/<badge>', 'page'],
    ['/b/2/<badge>.png', 'empty'],
  ])('%s: 404 %s', async (template, what) => {
    const reply = await call(template.replace('<badge>', badge).replace('<BADGE>', badge.toUpperCase()));
    expect([reply.status, reply.text.includes('<html') ? 'page' : 'empty']).toEqual([404, what]);
  });
});

describe('methods and headers (M-73, M-74)', () => {
  const paths = () =>
    [tagPath('x'), `/badge/${project.badgeKey}/${sign(project.badgeKey, '*')}`].map((p) => `${p}.svg`);
  test.each([
    ['OPTIONS', 204],
    ['HEAD', 405],
    ['POST', 405],
    ['PUT', 405],
    ['DELETE', 405],
    ['GET', 200],
  ] as const)('%s: %i', async (method, status) => {
    for (const path of paths()) {
      const reply = await call(path, method);
      expect([reply.status, method === 'GET' ? '' : reply.text]).toEqual([status, '']);
      expect(reply.headers.get('access-control-allow-methods')).toBe('GET, OPTIONS');
      expect(reply.headers.get('cache-control')).toBe('max-age=0, no-cache, no-store, must-revalidate, private');
      expect(reply.headers.get('expires')).toBe(new Date(NOW).toUTCString());
    }
  });
});

describe('drawing (M-84)', () => {
  test.each([
    ['ijlI', 12],
    ['frJ-', 16],
    ['t', 5],
    ['cesx1FLP_', 54],
    ['ACDHNUV', 56],
    ['wGOQ', 36],
    ['mM', 20],
    ['W', 11],
    ['ab', 14],
    ['日', 7],
    ['😀', 7],
  ])('width of %s: %i and 10', async (label, width) => {
    const mine = await context.api.project();
    const [row] = await context.database.sql`
      insert into checks (project_id, name) values (${mine.id}, ${label}) returning badge_key`;
    const svg = (await call(`/b/2/${row!.badge_key}.svg`)).text;
    expect(svg).toMatch(new RegExp(`width="${width + 10 + 14 + 10}" height="20"`)); // "up" is 14 wide
    expect(svg).toContain(`<rect width="${width + 10}" height="20" fill="#555"/>`);
    expect(svg).toContain('fill="#4c1"');
  });
  test('characters that XML cannot hold are left out', async () => {
    const [row] = await context.database.sql`
      insert into checks (project_id, name) values (${project.id}, ${'a\u0001\ufffe]]>b'}) returning badge_key`;
    expect((await call(`/b/2/${row!.badge_key}.svg`)).text).toContain('>a]]&gt;b</text>');
  });
});

test('badges list (M-66)', async () => {
  const mine = await context.api.project();
  const names = async () => Object.keys((await context.api.call('/api/v1/badges/', { key: mine.rw })).json.badges);
  expect(await names()).toEqual(['*']);
  await context.database.sql`
    insert into checks (project_id, tags) values (${mine.id}, ' b  a '), (${mine.id}, 'a __proto__'), (${mine.id}, '')`;
  expect((await names()).sort()).toEqual(['*', '__proto__', 'a', 'b']);
});
