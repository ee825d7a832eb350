import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearMisses, SETTINGS } from './index.ts';
import { distance } from './near-misses.ts';

describe('nearMisses', () => {
  it.each([
    ['PING_THROTLE_SECONDS', 'PING_THROTTLE_SECONDS'],
    ['EMAIL_HOSTT', 'EMAIL_HOST'],
    ['EMIAL_HOST', 'EMAIL_HOST'],
    ['SECRET_KEY_FIEL', 'SECRET_KEY_FILE'],
    ['Site_Root', 'SITE_ROOT'],
    ['ALLOWED_HOST', 'ALLOWED_HOSTS'],
  ])('%s was probably meant to be %s', (name, meant) => {
    expect(nearMisses({ [name]: 'x' })).toEqual([{ name, meant }]);
  });

  it('leaves alone what is known, what is set correctly as well, and what is not ours', () => {
    const foreign = { PATH: '', HOME: '', HOST: '', HOSTNAME: '', TERM: '', LANG: '', USER: '', PWD: '', SHLVL: '' };
    const proxies = { HTTP_PROXY: '', HTTPS_PROXY: '', NO_PROXY: '', NODE_ENV: '', NODE_OPTIONS: '', DB_PASS: '' };
    expect(nearMisses({ ...foreign, ...proxies, PING_PORT: '1', EMAIL_HOST: 'a', EMAIL_HOSTT: 'b' })).toEqual([]);
  });

  it('never reports a variable of the table', () => {
    expect(nearMisses(Object.fromEntries(SETTINGS.map(({ name }) => [name, ''])))).toEqual([]);
  });
});

describe('distance', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });

  it('is symmetric, zero only for the same word, and at most the longer length', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b) === 0).toBe(a === b);
        expect(distance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  it.each([
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['abc', 'axc', 1],
    ['', 'abc', 3],
  ])('%s, %s', (a, b, expected) => expect(distance(a, b)).toBe(expected));
});
