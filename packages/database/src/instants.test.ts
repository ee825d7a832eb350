import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseInstant, serializeInstant } from './instants.ts';

/** As PostgreSQL writes it: zeros at the end of the fraction are left out. */
function written(instant: number, microseconds: number): string {
  const iso = new Date(instant).toISOString();
  const fraction = `${iso.slice(-4, -1)}${String(microseconds).padStart(3, '0')}`.replace(/0+$/, '');
  return `${iso.slice(0, -14)} ${iso.slice(-13, -5)}${fraction && `.${fraction}`}+00`;
}

test('the years 100 to 9999, to the millisecond', () => {
  const instants = fc.integer({ min: Date.UTC(100, 0), max: Date.UTC(10_000, 0) - 1 });
  fc.assert(
    fc.property(instants, fc.nat(999), (instant, microseconds) => {
      expect(parseInstant(written(instant, microseconds))).toBe(instant);
    }),
  );
});

test.each([
  ['2026-11-21 08:56:23+00', Date.parse('2026-11-21T08:56:23Z')],
  ['2026-11-21 08:56:23.1+00', Date.parse('2026-11-21T08:56:23.100Z')],
  ['2024-02-29 23:59:59.999999+00', Date.parse('2024-02-29T23:59:59.999Z')],
  ['infinity', Number.POSITIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
])('%s', (text, instant) => {
  expect(parseInstant(text)).toBe(instant);
});

test.each(['', 'soon', '2026-11-21 08:56:23+05:30', 'x'.repeat(22)])('"%s" is no instant', (text) => {
  expect(() => parseInstant(text)).toThrow('Not a timestamp in UTC');
});

test('what is sent is read back', () => {
  expect(parseInstant(serializeInstant(1_795_251_383_123).replace('T', ' ').replace('Z', '+00'))).toBe(
    1_795_251_383_123,
  );
});
