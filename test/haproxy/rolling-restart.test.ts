import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireBinary } from '../support/binaries.ts';
import { eventually } from '../support/eventually.ts';
import { type Bench, PING_DOMAIN, startBench } from './support.ts';

const haproxy = requireBinary('haproxy');
const openssl = requireBinary('openssl');
const CLIENTS = 24;

describe.skipIf(!haproxy || !openssl)('a rolling restart of two ingesters under load', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench(haproxy!, { rateLimit: 1_000_000, drainSeconds: 3 });
  });
  afterAll(() => bench?.stop());

  test('drops nothing, and counts every acknowledged ping exactly once', async () => {
    const codes = await Promise.all(Array.from({ length: 8 }, () => bench.makeCheck()));
    const acknowledged = new Map(codes.map((code) => [code, 0]));
    const failures: string[] = [];
    const keptAlive = new Agent({ connect: { rejectUnauthorized: false }, allowH2: false });
    const newEachTime = new Agent({ connect: { rejectUnauthorized: false }, pipelining: 0 });
    let running = true;

    /** Plain successes (coalesced by the ingester), bodies, run ids, logs; some on kept connections, some on new ones. */
    const client = async (number: number) => {
      for (let i = 0; running; i++) {
        const code = codes[(number + i) % codes.length]!;
        const secure = number % 3 === 0;
        const origin = secure ? `https://127.0.0.1:${bench.httpsPort}` : `http://127.0.0.1:${bench.httpPort}`;
        const kind = i % 4;
        const path = `/${code}${kind === 1 ? '/log' : kind === 2 ? `/start?rid=${crypto.randomUUID()}` : ''}`;
        try {
          const { statusCode, body } = await request(origin + path, {
            dispatcher: number % 2 === 0 ? keptAlive : newEachTime,
            method: kind === 3 ? 'POST' : 'GET',
            ...(kind === 3 ? { body: 'x'.repeat(2000) } : {}),
            headers: { host: PING_DOMAIN },
          });
          const text = await body.text();
          if (statusCode === 200) acknowledged.set(code, acknowledged.get(code)! + 1);
          else failures.push(`${statusCode} ${text}`);
        } catch (error) {
          failures.push(String(error));
        }
        await sleep(5);
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
    const both = async () => {
      const states = await bench.serverStates();
      return states.get('ingester1') === 'UP' && states.get('ingester2') === 'UP';
    };

    await sleep(1000);
    const [one, two] = bench.ingesters;
    // The first is taken out by hand before it is stopped; the second is only stopped, and DRAIN_SECONDS does the rest.
    one.maintenance(true);
    await eventually('the first is out', async () => (await bench.serverStates()).get('ingester1') === 'DOWN');
    expect(await one.stop()).toBe(0);
    one.maintenance(false);
    await one.start();
    await eventually('the first is back', both);
    expect(await two.stop()).toBe(0);
    await two.start();
    await eventually('the second is back', both);
    await sleep(1000);
    running = false;
    await Promise.all(clients);
    await Promise.all([keptAlive.close(), newEachTime.close()]);

    // What is coalesced is written at the latest when the ingesters stop.
    await Promise.all(bench.ingesters.map((ingester) => ingester.stop()));
    const rows = await bench.database.sql<{ code: string; n_pings: number }[]>`select code, n_pings from checks`;
    expect(failures).toEqual([]);
    expect(Object.fromEntries(rows.map((row) => [row.code, row.n_pings]))).toEqual(Object.fromEntries(acknowledged));
    const total = [...acknowledged.values()].reduce((sum, n) => sum + n, 0);
    expect(total).toBeGreaterThan(1000);
    console.info(`${total} pings during a rolling restart, none lost, none counted twice`);
  });
});
