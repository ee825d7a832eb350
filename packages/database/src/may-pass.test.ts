import { expect, test } from 'vitest';
import { mayPass } from './may-pass.ts';

test.each([
  ['ECONNREFUSED', true],
  ['CONNECTION_CLOSED', true],
  ['08006', true],
  ['25006', true],
  ['28P01', true],
  ['3D000', true],
  ['40001', true],
  ['40P01', true],
  ['42501', true],
  ['53100', true],
  ['55P03', true],
  ['57014', true],
  ['57P01', true],
  ['58030', true],
  ['22P05', false],
  ['22021', false],
  ['23505', false],
  ['XX000', false],
  ['EPERM', false],
])('%s: %s', (code, expected) => {
  expect(mayPass(Object.assign(new Error(code), { code }))).toBe(expected);
});

test('what is no error of the database will not pass', () => {
  expect([mayPass(new TypeError('x')), mayPass(null), mayPass({ code: 40 })]).toEqual([false, false, false]);
});
