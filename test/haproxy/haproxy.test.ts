import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireBinary } from '../support/binaries.ts';
import { eventually } from '../support/eventually.ts';
import { type Ask, ask } from './client.ts';
import { type Bench, PING_DOMAIN, SITE_HOST, startBench } from './support.ts';

const haproxy = requireBinary('haproxy');
const openssl = requireBinary('openssl');

describe.skipIf(!haproxy || !openssl)('infra/haproxy/haproxy.cfg', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench(haproxy!);
  });
  afterAll(() => bench?.stop());

  const lastPing = async (code: string) => {
    const [ping] = await bench.database.sql`
      select pings.kind, scheme, method, remote_addr, body from pings join checks on checks.id = check_id
      where code = ${code} order by n desc limit 1`;
    return ping;
  };

  describe('TLS', () => {
    const ECDSA = 'ECDSA+SHA256';
    const RSA = 'RSA-PSS+SHA256:RSA+SHA256';
    test.each<[string, Ask['tls'], string, string]>([
      ['1.2, ECDSA', { maxVersion: 'TLSv1.2', sigalgs: ECDSA }, 'TLSv1.2', 'ecdsa'],
      ['1.2, RSA', { maxVersion: 'TLSv1.2', sigalgs: RSA }, 'TLSv1.2', 'rsa'],
      ['1.3, ECDSA', { minVersion: 'TLSv1.3', sigalgs: ECDSA }, 'TLSv1.3', 'ecdsa'],
      ['1.3, RSA', { minVersion: 'TLSv1.3', sigalgs: RSA }, 'TLSv1.3', 'rsa'],
      ['whatever is best', {}, 'TLSv1.3', 'ecdsa'],
    ])('%s', async (_name, tls, protocol, certificate) => {
      const code = await bench.makeCheck();
      const answer = await ask(bench, { host: PING_DOMAIN, path: `/${code}`, tls: tls! });
      expect(answer).toMatchObject({ status: 200, body: 'OK', protocol, certificate });
    });

    test.each<[string, Ask['tls']]>([
      ['1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
      ['1.2 without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES256-SHA' }],
      ['1.2 with CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA' }],
    ])('no %s', async (_name, tls) => {
      await expect(ask(bench, { host: PING_DOMAIN, path: '/x', tls: tls! })).rejects.toThrow(
        /SSL|TLS|handshake|version/i,
      );
    });
  });

  describe('a ping arrives', () => {
    const forms: [string, Omit<Ask, 'path'>, string][] = [
      ['plain HTTP', { host: PING_DOMAIN }, '/'],
      ['HTTP/1.1 over TLS', { host: PING_DOMAIN, tls: {} }, '/'],
      ['HTTP/2', { host: PING_DOMAIN, tls: {}, http2: true }, '/'],
      ['IPv6', { host: PING_DOMAIN, address: '::1' }, '/'],
      ['IPv6, TLS, HTTP/2', { host: PING_DOMAIN, address: '::1', tls: {}, http2: true }, '/'],
      ['ping host with a port, in upper case', { host: `${PING_DOMAIN.toUpperCase()}:8080` }, '/'],
      ['ping host, /ping/', { host: PING_DOMAIN }, '/ping/'],
      ['site host, /ping/', { host: SITE_HOST }, '/ping/'],
      ['site host, /ping/, TLS', { host: SITE_HOST, tls: {} }, '/ping/'],
      ['site host, /heartbeat/', { host: SITE_HOST }, '/heartbeat/'],
      ['any other host, /ping/', { host: '127.0.0.1' }, '/ping/'],
    ];
    test.each(forms)('%s', async (_name, how, prefix) => {
      const code = await bench.makeCheck();
      const before = await bench.requestsThrough('translator');
      const answer = await ask(bench, { ...how, path: `${prefix}${code}` });
      expect(answer).toMatchObject({ status: 200, body: 'OK' });
      // Straight on: only old clients need the turn through it.
      expect(await bench.requestsThrough('translator')).toBe(before);
      expect(await lastPing(code)).toMatchObject({
        kind: 'success',
        scheme: how.tls ? 'https' : 'http',
        remote_addr: how.address ?? '127.0.0.1',
      });
    });

    test.each([false, true])('method and body, HTTP/2: %s', async (http2) => {
      const code = await bench.makeCheck();
      const how = { host: PING_DOMAIN, tls: {}, http2, method: 'POST', body: 'out of cheese' };
      expect(await ask(bench, { ...how, path: `/${code}/3` })).toMatchObject({ status: 200 });
      const ping = await lastPing(code);
      expect({ ...ping, body: String(ping?.body) }).toMatchObject({
        kind: 'fail',
        method: 'POST',
        body: 'out of cheese',
      });
    });

    test('an unknown one is said so', async () => {
      const path = '/00000000-0000-4000-8000-000000000000';
      expect(await ask(bench, { host: PING_DOMAIN, path })).toMatchObject({ status: 404, body: 'not found' });
    });
  });

  test('what a client claims about itself is replaced', async () => {
    const lies = {
      'X-Forwarded-For': '1.2.3.4, 5.6.7.8',
      Forwarded: 'for=1.2.3.4;proto=https',
      'X-Forwarded-Proto': 'ftp',
    };
    const code = await bench.makeCheck();
    await ask(bench, { host: PING_DOMAIN, path: `/${code}`, headers: lies });
    expect(await lastPing(code)).toMatchObject({ remote_addr: '127.0.0.1', scheme: 'http' });
    const answer = await ask(bench, { host: SITE_HOST, path: '/', headers: lies, tls: {} });
    const { headers } = JSON.parse(answer.body) as { headers: Record<string, string> };
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', host: SITE_HOST });
    expect(headers).not.toHaveProperty('forwarded');
  });

  test('people are sent to HTTPS, and told to stay there', async () => {
    const plain = await ask(bench, { host: SITE_HOST, path: '/checks/?a=1' });
    expect(plain).toMatchObject({ status: 301, headers: { location: `https://${SITE_HOST}/checks/?a=1` } });
    const secure = await ask(bench, { host: SITE_HOST, path: '/checks/?a=1', tls: {} });
    expect(secure).toMatchObject({ status: 200, headers: { 'strict-transport-security': 'max-age=31536000' } });
    expect(JSON.parse(secure.body)).toMatchObject({ url: '/checks/?a=1' });
  });

  describe('health', () => {
    test('an ingester in maintenance gets no more pings, until it is over', async () => {
      const [one] = bench.ingesters;
      await eventually('both are up', async () => {
        const states = await bench.serverStates();
        return states.get('ingester1') === 'UP' && states.get('ingester2') === 'UP';
      });
      one.maintenance(true);
      await eventually('it is out', async () => (await bench.serverStates()).get('ingester1') === 'DOWN');
      const before = await accepted(one.adminPort);
      const code = await bench.makeCheck();
      for (let i = 0; i < 10; i++) await ask(bench, { host: PING_DOMAIN, path: `/${code}/log` });
      expect(await accepted(one.adminPort)).toBe(before);
      one.maintenance(false);
      await eventually('it is in', async () => (await bench.serverStates()).get('ingester1') === 'UP');
    });

    test('when none says that it is ready, pings are taken all the same', async () => {
      for (const one of bench.ingesters) one.maintenance(true);
      await eventually('both are out', async () => {
        const states = await bench.serverStates();
        return states.get('ingester1') === 'DOWN' && states.get('ingester2') === 'DOWN';
      });
      const code = await bench.makeCheck();
      expect(await ask(bench, { host: PING_DOMAIN, path: `/${code}` })).toMatchObject({ status: 200 });
      for (const one of bench.ingesters) one.maintenance(false);
    });

    test('when no web server says that it is ready, people are told by it what is wrong', async () => {
      bench.siteIsReady(false);
      await eventually('both are out', async () => {
        const states = await bench.serverStates();
        return states.get('web1') === 'DOWN' && states.get('web2') === 'DOWN';
      });
      const answer = await ask(bench, { host: SITE_HOST, path: '/api/v3/status/', tls: {} });
      expect(JSON.parse(answer.body)).toMatchObject({ url: '/api/v3/status/' });
      bench.siteIsReady(true);
    });
  });
});

describe.skipIf(!haproxy || !openssl)('the rate limit', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench(haproxy!, { rateLimit: 20 });
  });
  afterAll(() => bench?.stop());

  test('429 with Retry-After past it; for each address by itself', async () => {
    const code = await bench.makeCheck();
    const next = () => ask(bench, { host: PING_DOMAIN, path: `/${code}/log` });
    // The ten seconds slide: on a machine that stands still meanwhile it may take more to get there, and never fewer.
    let allowed = 0;
    let answer = await next();
    for (; answer.status === 200 && allowed < 1000; allowed++) answer = await next();
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '10' } });
    expect(allowed).toBeGreaterThanOrEqual(15);
    expect(await ask(bench, { host: PING_DOMAIN, path: `/${code}/log`, address: '::1' })).toMatchObject({
      status: 200,
    });
  });
});

/** How many pings this ingester has taken, from its metrics. */
async function accepted(adminPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const lines = text.split('\n').filter((line) => /^overdue_ingester_[a-z_]*accepted/.test(line));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').pop()), 0);
}
