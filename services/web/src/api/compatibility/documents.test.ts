import { uniqueKey } from '@overdue/checks';
import { describe, expect, test } from 'vitest';
import { addChannel, NOW, ROOT } from '../testing.ts';
import { apiOf, useTestApi, useTestProject } from './setup.ts';

const context = useTestApi();
const project = useTestProject(context);
const { call, create, set } = apiOf(context, project);

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
    expect(reply.text).toContain('"name": "\\u00e9\\u65e5\\ud83d\\ude00\\u007f\\"\\\\/\\b\\n\\u0001"');
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
