import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EXIT_STATUS_TOO_HIGH, parsePingPath } from './path.ts';

const U = '01234567-89ab-cdef-0123-456789abcdef';
const code = (action: string, exitStatus: number | null = null) => ({ address: { code: U }, action, exitStatus });
const slug = (pingKey: string, name: string, action: string, exitStatus: number | null = null) => ({
  address: { pingKey, slug: name },
  action,
  exitStatus,
});

test.each([
  [`/${U}`, code('success')],
  [`/${U}/`, code('success')],
  [`/ping/${U}`, code('success')],
  [`/heartbeat/${U}`, code('success')],
  [`/ping/heartbeat/${U}`, code('success')],
  [`/${U}/start`, code('start')],
  [`/${U}/fail`, code('fail')],
  [`/${U}/log`, code('log')],
  [`/${U}/0`, code('success', 0)],
  [`/${U}/000`, code('success', 0)],
  [`/${U}/255`, code('fail', 255)],
  [`/${U}/256`, code('fail', EXIT_STATUS_TOO_HIGH)],
  [`/${U}/${'9'.repeat(400)}`, code('fail', EXIT_STATUS_TOO_HIGH)],
  [`/%3${U[0]}${U.slice(1)}`, code('success')],
  [`/${U}#backup`, code('success')],
  [`/${U}/3#`, code('fail', 3)],
  ['/key/slug/start#a/b', slug('key', 'slug', 'start')],
  ['/key/slug', slug('key', 'slug', 'success')],
  ['/ping/key/slug', slug('key', 'slug', 'success')],
  ['/K-_9/s-_9/start', slug('K-_9', 's-_9', 'start')],
  ['/key/slug/7', slug('key', 'slug', 'fail', 7)],
  [`/${U}/foo`, slug(U, 'foo', 'success')],
  [`/${U}/start/1`, slug(U, 'start', 'fail', 1)],
  [`/${U.toUpperCase()}/start`, slug(U.toUpperCase(), 'start', 'success')],
  ['/heartbeat/slug', slug('heartbeat', 'slug', 'success')],
])('%s', (path, parsed) => {
  expect(parsePingPath(path)).toEqual(parsed);
});

test.each([
  ['', 'no route'],
  ['/', 'no route'],
  ['/ping/', 'no route'],
  ['/word', 'no route'],
  [`/${U.toUpperCase()}`, 'no route'],
  [`/${U.replaceAll('-', '')}`, 'no route'],
  [`/${U}/fail/`, 'no route'],
  [`/${U}/1.5`, 'no route'],
  [`/${U}/start/`, 'no route'],
  ['/key/slug/', 'no route'],
  ['/key/slug/START', 'no route'],
  ['/key/slug/-1', 'no route'],
  ['/key/slug/start/x', 'no route'],
  ['//key/slug', 'no route'],
  ['/key/sl ug', 'no route'],
  ['/key/ſlug', 'no route'],
  ['/key/slug/٣', 'no route'],
  [`/${U}/START`, 'upper case'],
  ['/key/Slug', 'upper case'],
  ['/%', 'no route'],
  [`/${U}/star%zz`, 'no route'],
  ['/key/slug/%f', 'no route'],
  ['/key/slug%ff', 'no route'],
  ['/key#/slug', 'no route'],
  [`/${U}%23`, 'no route'],
])('%s is no ping: %s', (path, why) => {
  expect(parsePingPath(path)).toBe(why);
});

test('whatever the bytes, the answer is one of the known ones, and what it names can be looked up', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      U,
      U.toUpperCase(),
      'ping',
      'heartbeat',
      'start',
      'fail',
      'log',
      '0',
      '256',
      'key',
      'slug',
      '/',
      '%',
      '%2f',
      '%00',
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, slashes) => {
      const parsed = parsePingPath(`/${pieces.join(slashes ? '/' : '')}`);
      if (typeof parsed === 'string') {
        expect(['no route', 'upper case']).toContain(parsed);
        return;
      }
      if ('code' in parsed.address) expect(parsed.address.code).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      else {
        expect(parsed.address.slug).toMatch(/^[a-z0-9_-]+$/);
        expect(parsed.address.pingKey).toMatch(/^[A-Za-z0-9_-]+$/);
      }
      expect(['success', 'start', 'fail', 'log']).toContain(parsed.action);
      if (parsed.exitStatus !== null) {
        expect(parsed.exitStatus).toBeGreaterThanOrEqual(0);
        expect(parsed.exitStatus).toBeLessThanOrEqual(EXIT_STATUS_TOO_HIGH);
        expect(parsed.action).toBe(parsed.exitStatus === 0 ? 'success' : 'fail');
      }
    }),
    { numRuns: 2000 },
  );
});
