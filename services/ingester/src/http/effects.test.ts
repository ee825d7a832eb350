/** What pings do to their check: ping-api.md sections 6, 7 and 11, over real HTTP into a real database. */
import { describe, expect, test } from 'vitest';
import { checkOf, makeCheck, PING_KEY, pingsOf, type SendOptions, sendTo, useTestIngester } from '../testing.ts';

const t = useTestIngester();

const send = (path: string, init?: SendOptions) => sendTo(t.ingester.port, path, init);

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

  test('an edit counts at once, before anybody is told of it', async () => {
    const code = await makeCheck(t, { slug: 'edited' });
    const statuses = async () => [(await send(`/${code}`)).status, (await send(`/${PING_KEY}/edited`)).status];
    const kinds = async () => (await pingsOf(t, code)).map(({ kind }) => kind);
    expect(await statuses()).toEqual([200, 200]);
    await t.database.sql`alter table checks disable trigger checks_changed`;
    await t.database.sql`update checks set methods = 'POST' where code = ${code}`;
    expect(await statuses()).toEqual([200, 200]);
    await t.database.sql`update checks set methods = '', slug = 'renamed' where code = ${code}`;
    expect(await statuses()).toEqual([200, 404]);
    await t.database.sql`update checks set slug = 'edited' where code = ${code}`;
    expect((await send(`/${code}/fail`)).status).toBe(200);
    expect(await kinds()).toEqual(['success', 'success', 'ign', 'ign', 'success', 'fail']);
    await t.database.sql`delete from checks where code = ${code}`;
    await t.database.sql`alter table checks enable trigger checks_changed`;
    expect(await statuses()).toEqual([404, 404]);
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
    with channel as (insert into channels (project_id, kind, value) values (${t.projectId}, 'email', '{}') returning id)
    insert into channel_checks (check_id, channel_id)
    select c.id, channel.id from checks c, channel where c.code = ${code}`;
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
