import { uniqueKey } from '@overdue/checks';
import { beforeAll, describe, expect, test } from 'vitest';
import { badgeSignature } from '../badges/signature.ts';
import { type DescribedOperation, needsKey, operationsOf } from '../openapi/testing.ts';
import { addChannel, SECRET_KEY, type TestProject } from '../testing.ts';
import { useTestApi } from './setup.ts';

/** A key of one project never sees or touches another's data: every operation, with what belongs to the other project. */
const context = useTestApi();
/** What checks of both projects are called in the end. */
const MARK = 'of-the-other-project';
/** What only the other project has. */
const SECRET = 'nobody else knows';
let mine: TestProject;
let other: TestProject;
let uuid: string;
let checkId: number;
let channel: string;

beforeAll(async () => {
  const { sql } = context.database;
  mine = await context.api.project();
  other = await context.api.project();
  const [check] = await sql<{ id: number; code: string }[]>`
    insert into checks (project_id, name, slug, tags, "desc", n_pings, status)
    values (${other.id}, ${MARK}, ${MARK}, ${MARK}, ${SECRET}, 1, 'paused') returning id, code`;
  uuid = check!.code;
  checkId = check!.id;
  channel = await addChannel(context.database, other.id, { name: MARK });
  await sql`
    insert into channel_checks (check_id, channel_id) select ${checkId}, id from channels where code = ${channel}`;
  await sql`
    insert into pings (check_id, n, id, created_at, kind, scheme, method, ua, body)
    values (${checkId}, 1, gen_random_uuid(), now(), 'success', 'http', 'GET', ${SECRET}, ${Buffer.from(SECRET)})`;
  await sql`
    insert into flips (check_id, created_at, old_status, new_status) values (${checkId}, now(), 'new', 'paused')`;
});

/** Everything that the other project has, as text. */
async function everything(): Promise<string> {
  const { sql } = context.database;
  const rows = await Promise.all([
    sql`select * from checks where project_id = ${other.id} order by id`,
    sql`select * from channels where project_id = ${other.id} order by id`,
    sql`select * from pings where check_id = ${checkId}`,
    sql`select * from flips where check_id = ${checkId} order by id`,
    sql`select * from channel_checks where check_id = ${checkId}`,
    sql`select n.* from notifications n join channels c on c.id = n.channel_id where c.project_id = ${other.id}`,
  ]);
  return JSON.stringify(rows);
}

const BODIES: readonly unknown[] = [
  {},
  { name: 'taken over', channels: '*', checks: '*', unique: ['name'], is_active: true, settings: {}, kind: 'webhook' },
  { name: MARK, slug: MARK, tags: MARK, unique: ['name', 'slug', 'tags'] },
];

/** They take no API key. Whoever adds one says here why it may show or change what it does. */
const OPEN = [
  'getCheckBadge', // whoever has the address may see it; it is not the check's UUID
  'getTagBadge', // signed: below
  'getProjectBadge',
  'getStatus', // of the installation
  'getHealth',
  'getServiceMetrics', // the operator's own key
  'reportDelivery', // the notification's UUID is its key
  'reportBounce', // signed
  'reportBounceByGet',
  'reportBounceByPut',
  'reportBounceByPatch',
  'reportBounceByDelete',
  'getMetricsWithHeader', // a project's key: below
  'getMetrics',
  'getMetricsOldForm',
  'getOpenApi', // of nobody
  'getApiReference',
];

/** From the API's own description, so that a new operation cannot be forgotten. */
async function operations(): Promise<DescribedOperation[]> {
  return operationsOf((await context.api.call('/api/v3/openapi.json')).json);
}

test('operations without a key are known', async () => {
  const open = (await operations()).filter(({ operation }) => !needsKey(operation));
  expect(open.map(({ operation }) => operation.operationId).sort()).toEqual([...OPEN].sort());
});

describe('every operation that needs a key, with the other project’s UUIDs and keys', () => {
  test.each([1, 2, 3])('changes nothing and shows nothing (v%d)', async (version) => {
    const keyed = (await operations()).filter(({ operation }) => needsKey(operation));
    expect(keyed.length).toBeGreaterThan(20);
    const before = await everything();
    for (const { method, path } of keyed) {
      if (version < 3 && !path.startsWith('/api/v3/')) continue;
      const values: Record<string, string> = {
        uuid: path.includes('/channels/') ? channel : uuid,
        unique_key: uniqueKey(uuid),
        n: '1',
        id: String(checkId),
      };
      const versioned = path.replace('/v3/', `/v${version}/`);
      const at = versioned.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!);
      for (const key of [mine.rw, mine.ro]) {
        for (const body of method === 'GET' ? [undefined] : BODIES) {
          const reply = await context.api.call(at, { method, key, ...(body === undefined ? {} : { body }) });
          const shown = [uuid, channel, uniqueKey(uuid), ...(method === 'GET' ? [SECRET] : [])];
          expect([method, at, shown.filter((one) => reply.text.includes(one))]).toEqual([method, at, []]);
          if (at !== versioned) expect([method, at, reply.status >= 400]).toEqual([method, at, true]);
        }
      }
      expect([method, at, await everything()]).toEqual([method, at, before]);
    }
  });

  test('the UUID of an application, too', async () => {
    for (const [method, suffix] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['GET', '/heartbeats'],
    ] as const) {
      const reply = await context.api.call(`/api/applications/${uuid}${suffix}`, { method, key: mine.rw });
      expect([method, reply.status]).toEqual([method, 404]);
    }
  });

  test('the other project’s checks in the body of an integration', async () => {
    const before = await everything();
    const settings = { url_down: 'https://hooks.example.org/' };
    const body = { kind: 'webhook', settings, checks: [uuid] };
    const made = await context.api.call('/api/v3/channels/', { method: 'POST', key: mine.rw, body });
    expect([made.status, made.json.error]).toEqual([400, `invalid check identifier: ${uuid}`]);
    const own = await addChannel(context.database, mine.id);
    const changed = await context.api.call(`/api/v3/channels/${own}`, {
      method: 'POST',
      key: mine.rw,
      body: { checks: [uuid] },
    });
    expect([changed.status, await everything()]).toEqual([400, before]);
  });
});

test('a check is not linked to, or found by, what belongs to the other project', async () => {
  for (const channels of [channel, MARK]) {
    const reply = await context.api.call('/api/v3/checks/', { method: 'POST', key: mine.rw, body: { channels } });
    expect([reply.status, reply.json.error]).toEqual([400, `invalid channel identifier: ${channels}`]);
  }
  const all = await context.api.call('/api/v3/checks/', { method: 'POST', key: mine.rw, body: { channels: '*' } });
  expect(all.json.channels).not.toContain(channel);
});

test('metrics and badges show what their own key and signature stand for', async () => {
  const forms = (await operations()).filter(({ operation }) => operation.operationId.startsWith('getMetrics'));
  expect(forms).toHaveLength(3);
  for (const { path } of forms) {
    const at = path.replace('{uuid}', other.code).replace('{key}', mine.ro);
    const metrics = await context.api.call(at, { headers: { Authorization: `Bearer ${mine.ro}` } });
    // The key says which project, whatever the path does (M-87).
    expect([path, metrics.status, metrics.text.includes(uniqueKey(uuid))]).toEqual([path, 200, false]);
  }
  const forged = badgeSignature(SECRET_KEY, mine.badgeKey, MARK);
  expect((await context.api.call(`/badge/${other.badgeKey}/${forged}/${MARK}.json`)).status).toBe(404);
  const own = await context.api.call(`/badge/${mine.badgeKey}/${forged}/${MARK}.json`);
  // A check of mine may carry the same tag; the other project's is not counted.
  const count = await context.database.sql`select 1 from checks where project_id = ${mine.id} and tags = ${MARK}`;
  expect(own.json.total).toBe(count.length);
});
