import { VirtualClock } from '@overdue/clock';
import type { Database } from '@overdue/database';
import { describe, expect, it } from 'vitest';
import { LiveHub } from './hub.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const LOG = { info() {}, warn() {}, error() {} };

/** A check that becomes late a minute from now; nothing is ever written to it. */
const CHECK = {
  id: 1,
  code: '7c93d1f0-0000-4000-8000-000000000000',
  project_id: 7,
  kind: 'simple',
  timeout: 3600,
  grace: 3600,
  schedule: '',
  tz: 'UTC',
  status: 'up',
  n_pings: 5,
  last_ping: NOW - 3_540_000,
  last_start: null,
  last_duration_ms: null,
  alert_after: NOW + 3_660_000,
  events: '',
};

function hubOver(rows: object[]) {
  const clock = new VirtualClock(NOW);
  const asked = { queries: 0, fail: false };
  const sql = () => {
    asked.queries++;
    return asked.fail ? Promise.reject(new Error('away')) : Promise.resolve(rows);
  };
  return { clock, asked, hub: new LiveHub({ sql } as unknown as Database, clock, LOG) };
}

describe('LiveHub', () => {
  it('asks once a second, however many look at however many projects, and not at all when nobody does', async () => {
    const { clock, asked, hub } = hubOver([CHECK]);
    await clock.advance(10_000);
    expect(asked.queries).toBe(0);
    const stops = [1, 2, 3, 4, 5].flatMap((project) => [1, 2, 3].map(() => hub.watch(project, () => {})));
    await clock.advance(10_000);
    expect(asked.queries).toBeGreaterThanOrEqual(10);
    expect(asked.queries).toBeLessThanOrEqual(12);
    for (const stop of stops) stop();
    await clock.advance(1000);
    const before = asked.queries;
    await clock.advance(10_000);
    expect(asked.queries).toBe(before);
    hub.close();
  });

  it('tells everything first, then what changed; also what time alone changed', async () => {
    const { clock, hub } = hubOver([CHECK]);
    const heard: string[][] = [];
    hub.watch(7, (changed) => heard.push(changed.map((item) => item.status)));
    await clock.advance(59_000);
    expect(heard).toEqual([['up']]);
    await clock.advance(2000);
    expect(heard).toEqual([['up'], ['grace']]);
    hub.close();
  });

  it('stopped twice, does not take the listeners of those who came in between', async () => {
    const { clock, hub } = hubOver([CHECK]);
    const stop = hub.watch(7, () => {});
    stop();
    let heard = 0;
    hub.watch(7, () => heard++);
    stop();
    await clock.advance(1000);
    expect(heard).toBe(1);
    hub.close();
  });

  it('goes on when the database comes back', async () => {
    const { clock, asked, hub } = hubOver([CHECK]);
    asked.fail = true;
    let heard = 0;
    hub.watch(7, () => heard++);
    await clock.advance(3000);
    expect(heard).toBe(0);
    asked.fail = false;
    await clock.advance(3000);
    expect(heard).toBe(1);
    hub.close();
  });
});
