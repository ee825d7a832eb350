/** Query, client address, rules and ids: what else of a request the parser reads. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes, numbers, texts, words } from './arrays.ts';
import { clientAddress, forwardedClient, forwardedScheme, plainAddress } from './client-address.ts';
import { parseQuery } from './query.ts';
import { classifyHttp, keywords, NO_RULES, rulesOf } from './rules.ts';
import { uuid7 } from './uuid7.ts';

const RID = '01234567-89ab-cdef-0123-456789abcdef';

describe('query', () => {
  test.each([
    ['', null, false],
    ['create=1', null, true],
    ['create=1&create=0', null, false],
    ['create=01', null, false],
    ['create', null, false],
    [`rid=${RID}&create=1`, RID, true],
    [`rid=${RID.toUpperCase()}`, RID, false],
    [`%72id=${RID}`, RID, false],
    ['rid=', 'invalid', false],
    [`rid=+${RID}`, 'invalid', false],
    [`rid=${RID}%0A`, 'invalid', false],
    ['rid=%', 'invalid', false],
    [`rid=${RID}#x`, RID, false],
    ['create=1#&create=0', null, true],
  ])('%s', (query, rid, create) => {
    expect(parseQuery(query)).toEqual({ rid, create });
  });

  test('any text gives a result', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { rid } = parseQuery(text);
        if (rid !== null && rid !== 'invalid') expect(rid).toMatch(/^[0-9a-f-]{36}$/);
      }),
    );
  });
});

describe('client address', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::FFFF:1.2.3.4', '::ffff:1.2.3.4'],
    ['::ffff:102:304', '::ffff:1.2.3.4'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['fe80::1%', null],
    ['1.2.3.4%eth0', null],
    ['1.2.3', null],
    ['', null],
  ])('plainAddress(%s)', (text, address) => {
    expect(plainAddress(text)).toBe(address);
  });

  test.each([
    ['for=1.2.3.4', '1.2.3.4', null],
    ['by=9.9.9.9;FOR="[2001:db8::17]:4711";Proto=https, for=5.6.7.8', '2001:db8::17', 'https'],
    ['for=unknown', null, null],
    ['for=_hidden;proto=http', null, 'http'],
    ['', null, null],
  ])('Forwarded: %s', (header, address, scheme) => {
    expect(forwardedClient(header)).toBe(address);
    expect(forwardedScheme(header)).toBe(scheme);
  });

  test('any header gives an address or null', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const address of [clientAddress(text), forwardedClient(text)]) {
          if (address !== null) expect(plainAddress(address)).toBe(address);
        }
      }),
    );
  });
});

describe('rules', () => {
  const columns = {
    methods: '',
    filter_subject: false,
    filter_body: false,
    filter_http_body: false,
    filter_default_fail: false,
    start_kw: '',
    success_kw: '',
    failure_kw: '',
  };

  test('checks without filters share one object', () => {
    expect(rulesOf({ ...columns, start_kw: 'unused', filter_default_fail: true })).toBe(NO_RULES);
  });

  test('keywords are split, trimmed, and matched as they are', () => {
    expect(keywords(' a b ,, c,')).toEqual(['a b', 'c']);
    const rules = rulesOf({ ...columns, filter_http_body: true, success_kw: 'a b' });
    expect(classifyHttp(rules, 'fail', 'GET', Buffer.from('xa by'))).toBe('success');
    expect(classifyHttp(rules, 'fail', 'GET', Buffer.from('a  b'))).toBe('ign');
    expect(classifyHttp(rules, 'fail', 'GET', null)).toBe('ign');
  });

  test('the method filter comes before the keywords', () => {
    const rules = rulesOf({ ...columns, filter_http_body: true, methods: 'POST', success_kw: 'x' });
    expect(classifyHttp(rules, 'start', 'post', Buffer.from('x'))).toBe('ign');
    expect(classifyHttp(rules, 'start', 'POST', Buffer.from('x'))).toBe('success');
  });
});

test('ids are UUIDv7 of their instant, and differ', () => {
  const at = 1_795_254_677_193;
  const ids = Array.from({ length: 1000 }, () => uuid7(at));
  expect(new Set(ids).size).toBe(1000);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(at);
  }
});

test('array literals', () => {
  expect(numbers([1, null, -2.5])).toBe('{1,NULL,-2.5}');
  expect(numbers([null, 1])).toBe('{NULL,1}');
  expect(numbers([null, null])).toBe('{}');
  expect(words([])).toBe('{}');
  expect(texts(['a', null, 'q"b\\', ''])).toBe('{"a",NULL,"q\\"b\\\\",""}');
  expect(bytes([null, Buffer.from([0, 255])])).toBe('{NULL,"\\\\x00ff"}');
  expect(bytes([null])).toBe('{}');
});
