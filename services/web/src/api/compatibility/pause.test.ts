import { describe, expect, test } from 'vitest';
import { NOW } from '../testing.ts';
import { apiOf, useTestApi, useTestProject } from './setup.ts';

const context = useTestApi();
const project = useTestProject(context);
const { call, create, set } = apiOf(context, project);

const HOUR = 3_600_000;

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
