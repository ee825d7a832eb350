import { uniqueKey } from '@overdue/checks';
import { createTestDatabase } from '@overdue/database/testing';
import { describe, expect, test } from 'vitest';
import { NOW, startTestApi } from '../testing.ts';
import { UNKNOWN_UUID, useTestApi, useTestProject } from './setup.ts';

const context = useTestApi();
const project = useTestProject(context);
const scrape = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  context.api.call(path, { headers, method });

/** The reference's part of the answer: everything before our own metrics. */
const compatible = (text: string) => text.slice(0, text.indexOf('\n# HELP overdue_'));

describe('keys and addresses (M-85…M-88)', () => {
  const FORMS: [string, (uuid: string, key: string) => [string, Record<string, string>?]][] = [
    ['/metrics/KEY', (uuid, key) => [`/projects/${uuid}/metrics/${key}`]],
    ['/checks/metrics/KEY', (uuid, key) => [`/projects/${uuid}/checks/metrics/${key}`]],
    ['Authorization', (uuid, key) => [`/projects/${uuid}/metrics/`, { Authorization: `Bearer ${key}` }]],
  ];
  test.each(FORMS)('%s: read-only keys, whatever the UUID', async (_, form) => {
    for (const uuid of [project.code, UNKNOWN_UUID]) {
      const reply = await scrape(...form(uuid, project.ro));
      expect(reply.status).toBe(200);
      expect(reply.headers.get('content-type')).toBe('text/plain');
      expect(reply.headers.has('access-control-allow-origin')).toBe(false);
      expect(reply.text).toContain('# HELP hc_check_up ');
    }
    expect((await scrape(...form(project.code.toUpperCase(), project.ro))).status).toBe(404);
  });
  test.each(FORMS)('%s: a read-write or unknown key 403 (M-85), another length 400 (M-86)', async (_, form) => {
    for (const [key, status] of [
      [project.rw, 403],
      [`hcr_${'x'.repeat(28)}`, 403],
      ['x'.repeat(32), 403],
      ['x', 400],
      [`${project.ro}x`, 400],
    ] as const) {
      const reply = await scrape(...form(project.code, key));
      expect([key, reply.status, reply.text]).toEqual([key, status, '']);
    }
  });
  test.each([
    [undefined, 401],
    ['', 401],
    ['Basic abc', 401],
    ['bearer <ro>', 401],
    ['Bearer', 401],
    ['Bearer  <ro>', 400],
    ['Bearer x', 400],
    ['Bearer <rw>', 403],
    ['Bearer <ro>', 200],
  ])('M-86: Authorization: %s -> %i', async (header, status) => {
    const value = header?.replace('<ro>', project.ro).replace('<rw>', project.rw);
    const reply = await scrape(
      `/projects/${project.code}/metrics/`,
      value === undefined ? {} : { Authorization: value },
    );
    expect(reply.status).toBe(status);
    expect(reply.headers.has('www-authenticate')).toBe(false);
  });
  test('HEAD works, POST does not', async () => {
    const head = await scrape(`/projects/${project.code}/metrics/${project.ro}`, {}, 'HEAD');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0);
    expect((await scrape(`/projects/${project.code}/metrics/${project.ro}`, {}, 'POST')).status).toBe(405);
  });
  test.each([
    '/projects/x/metrics/KEY',
    '/projects/x/metrics/',
    '/projects/x/metrics',
    '/projects/x/checks/metrics/KEY',
    '/projects/UPPER/metrics/KEY',
    '/projects/UUID/metrics/KEY/',
    '/projects/UUID/metrics/a/b',
    '/projects/UUID/metrics/%zz',
    `/projects/UUID/metrics/%FF${'x'.repeat(31)}`,
  ])('%s: the 404 page', async (path) => {
    const filled = path
      .replace('UUID', project.code)
      .replace('UPPER', project.code.toUpperCase())
      .replace('KEY', project.ro);
    const reply = await scrape(filled, { Authorization: `Bearer ${project.ro}` });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    expect(reply.text).toContain('<h1>Not Found</h1>');
  });
  test('without its slash: to the address that has it (M-2)', async () => {
    const reply = await scrape(`/projects/${project.code}/metrics`);
    expect([reply.status, reply.headers.get('location')]).toEqual([301, `/projects/${project.code}/metrics/`]);
  });
  test('path-key routes ignore the header (M-86)', async () => {
    const reply = await scrape(`/projects/${project.code}/metrics/${project.rw}`, {
      Authorization: `Bearer ${project.ro}`,
    });
    expect(reply.status).toBe(403);
  });
  test('switched off: 404 empty (M-86)', async () => {
    const database = await createTestDatabase();
    const off = await startTestApi(database, { PROMETHEUS_ENABLED: 'False' });
    const mine = await off.project();
    for (const path of ['metrics/', `metrics/${mine.ro}`, `checks/metrics/${mine.ro}`]) {
      const reply = await off.call(`/projects/${mine.code}/${path}`);
      expect([reply.status, reply.text]).toEqual([404, '']);
    }
    await off.close();
    await database.drop();
  });
});

describe('content (M-88…M-90)', () => {
  const HELP = (name: string, help: string) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
  const up = (word: string) => `Whether the check is currently ${word} (1 for yes, 0 for no).`;
  test('an empty project', async () => {
    const mine = await context.api.project();
    const { text } = await scrape(`/projects/${mine.code}/metrics/${mine.ro}`);
    expect(compatible(text)).toBe(
      `${HELP('hc_check_up', up('up'))}\n${HELP('hc_check_started', up('started'))}\n${HELP('hc_check_grace', up('in the grace period'))}\n${HELP('hc_check_paused', up('paused'))}\n${HELP('hc_tag_up', 'Whether all checks with this tag are up (1 for yes, 0 for no).')}\n${HELP('hc_checks_total', 'The total number of checks.')}hc_checks_total 0\n\n${HELP('hc_checks_down_total', 'The number of checks currently down.')}hc_checks_down_total 0\n`,
    );
  });
  test('checks in every state, escaped labels (M-89), sorted tags', async () => {
    const mine = await context.api.project();
    const rows: Record<string, unknown>[] = [
      { name: 'a"\\\nb', tags: ' z  a ', status: 'up', last_ping: NOW - 1500, last_duration_ms: 1250 },
      { name: 'late', tags: 'a', status: 'up', last_ping: NOW - 86_400_000 },
      { name: 'down', tags: 'z', status: 'down', last_start: NOW },
      { name: 'paused', tags: '', status: 'paused' },
      { name: 'new', tags: '', status: 'new' },
    ];
    const labels: string[] = [];
    for (const row of rows) {
      const [check] = await context.database.sql`
        insert into checks ${context.database.sql({ project_id: mine.id, ...row } as never)} returning id, code`;
      const name = String(row.name).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
      labels.push(`{name="${name}", tags="${row.tags}", unique_key="${uniqueKey(check!.code)}"}`);
      if (row.name === 'down') {
        await context.database.sql`
          insert into flips (check_id, created_at, old_status, new_status)
          values (${check!.id}, ${NOW - 90_000_000}, 'new', 'up'), (${check!.id}, ${NOW - 1000}, 'up', 'down')`;
        await context.database.sql`
          insert into pings (check_id, n, id, created_at, kind, scheme, method)
          values (${check!.id}, 1, gen_random_uuid(), ${NOW - 5000}, 'success', 'http', 'GET'),
                 (${check!.id}, 2, gen_random_uuid(), ${NOW - 1000}, 'fail', 'http', 'GET')`;
      }
    }
    const { text } = await scrape(`/projects/${mine.code}/metrics/${mine.ro}`);
    const lines = (metric: string) =>
      text.split('\n').filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `));
    const each = (metric: string, ...values: number[]) =>
      expect(lines(metric)).toEqual(labels.map((label, i) => `${metric}${label} ${values[i]}`));
    each('hc_check_up', 1, 1, 0, 1, 1);
    each('hc_check_started', 0, 0, 1, 0, 0);
    each('hc_check_grace', 0, 1, 0, 0, 0);
    each('hc_check_paused', 0, 0, 0, 1, 0);
    each('overdue_check_grace_seconds', 3600, 3600, 3600, 3600, 3600);
    each('overdue_check_flips_last_day', 0, 0, 1, 0, 0);
    expect(lines('hc_tag_up')).toEqual(['hc_tag_up{tag="a"} 1', 'hc_tag_up{tag="z"} 0']);
    expect(lines('hc_checks_total')).toEqual(['hc_checks_total 5']);
    expect(lines('hc_checks_down_total')).toEqual(['hc_checks_down_total 1']);
    expect(lines('overdue_check_last_ping_timestamp_seconds')).toEqual([
      `overdue_check_last_ping_timestamp_seconds${labels[0]} ${(NOW - 1500) / 1000}`,
      `overdue_check_last_ping_timestamp_seconds${labels[1]} ${(NOW - 86_400_000) / 1000}`,
    ]);
    expect(lines('overdue_check_last_success_timestamp_seconds')).toEqual([
      `overdue_check_last_success_timestamp_seconds${labels[2]} ${(NOW - 5000) / 1000}`,
    ]);
    expect(lines('overdue_check_last_duration_seconds')).toEqual([
      `overdue_check_last_duration_seconds${labels[0]} 1.25`,
    ]);
    expectExposition(text);
  });

  test('tags are sorted by code point', async () => {
    const mine = await context.api.project();
    await context.database.sql`insert into checks (project_id, tags) values (${mine.id}, ${'b 😀 \uff41 ab B'})`;
    const { text } = await scrape(`/projects/${mine.code}/metrics/${mine.ro}`);
    const sorted = [...text.matchAll(/hc_tag_up\{tag="(.*?)"/g)].map((match) => match[1]);
    expect(sorted).toEqual(['B', 'ab', 'b', '\uff41', '😀']);
    const { badges } = (await context.api.call('/api/v3/badges/', { key: mine.ro })).json;
    expect(Object.keys(badges)).toEqual([...sorted, '*']);
  });
});

/** The rules of the text format that `promtool check metrics` fails on, and those of M-88. */
function expectExposition(text: string): void {
  expect(text.endsWith('\n') && !text.endsWith('\n\n')).toBe(true);
  const seen = new Set<string>();
  for (const block of text.slice(0, -1).split('\n\n')) {
    const [help, type, ...samples] = block.split('\n');
    const name = /^# HELP ([a-z_:][a-z0-9_:]*) \S.*$/.exec(help!)?.[1];
    expect(name).toBeDefined();
    expect(type).toBe(`# TYPE ${name} gauge`);
    expect(seen.has(name!)).toBe(false);
    seen.add(name!);
    const series = new Set<string>();
    for (const sample of samples) {
      const match =
        /^(\w+)((?:\{\w+="(?:[^"\\\n]|\\["\\n])*"(?:, \w+="(?:[^"\\\n]|\\["\\n])*")*\})?) (-?\d+(?:\.\d+)?)$/.exec(
          sample,
        );
      expect(match, sample).not.toBeNull();
      expect(match![1]).toBe(name);
      expect(series.has(match![2]!)).toBe(false);
      series.add(match![2]!);
    }
  }
}
