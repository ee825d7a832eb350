import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Float, JsonSyntaxError, nearestSafe, parseJson } from './json-parse.ts';
import { printJson } from './json-print.ts';

/** What is read of a value that `JSON.stringify` wrote. */
function plain(value: unknown): unknown {
  if (value instanceof Float) return plain(value.value);
  if (typeof value === 'bigint' || Number.isInteger(value)) return nearestSafe(value as number | bigint);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
  }
  return value;
}

test('reads what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (text) => {
      expect(plain(parseJson(text))).toEqual(plain(JSON.parse(text)));
    }),
  );
});

test('refuses and accepts what JSON.parse does', () => {
  const fragment = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '1',
    '-',
    '0',
    '.5',
    'e2',
    'true',
    ' ',
    '\\',
    'n',
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 8 }), (parts) => {
      const text = parts.join('');
      const accepts = (parse: (text: string) => unknown) => {
        try {
          parse(text);
          return true;
        } catch (error) {
          expect(error instanceof SyntaxError || error instanceof JsonSyntaxError).toBe(true);
          return false;
        }
      };
      expect(accepts(parseJson)).toBe(accepts(JSON.parse));
    }),
    { numRuns: 2000 },
  );
});

test('prints ASCII that JSON.parse reads back', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = printJson(value);
      expect(text).toMatch(/^[\u0020-\u007e]*$/);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

describe('integers and other numbers (M-36)', () => {
  test.each([
    ['60', 60],
    ['-0', 0],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740993', 9007199254740993n],
    [`-${'9'.repeat(32)}`, -BigInt('9'.repeat(32))],
    [`-${'9'.repeat(500)}`, Number.MIN_SAFE_INTEGER],
  ])('%s is %s', (text, value) => {
    expect(parseJson(text)).toBe(value);
  });
  test.each(['60.0', '1e2', '1E-2', 'NaN', 'Infinity', '-Infinity', '1e999'])('%s is a Float', (text) => {
    expect(parseJson(text)).toBeInstanceOf(Float);
  });
});
