/** What mainframes write, as far as it is Latin-1 in another order. No decoder at hand knows it. */
import { tableDecoder } from './table.ts';

/** For code pages 37, 500 and 1140; null: another charset. */
export function ebcdicDecoder(key: string): ((bytes: Buffer) => string) | null {
  const page = key.replace(/^(?:cp|csibm|ibm)/, '');
  if (/^0?37$|^ebcdiccp(?:us|ca|nl|wt)$/.test(page)) return tableDecoder(CP037);
  if (/^500$|^ebcdiccp(?:be|ch)$/.test(page)) return tableDecoder(CP500);
  return page === '1140' ? tableDecoder(CP1140) : null;
}

/** The 256 bytes of Latin-1 in the order of code page 37. */
const CP037 = Array.from(
  Buffer.from(
    'AAECA5wJhn+XjY4LDA0ODxAREhOdhQiHGBmSjxwdHh+AgYKDhAoXG4iJiouMBQYHkJEWk5SVlgSYmZqbFBWeGiCg4uTg4ePl5/GiLjwoK3wm' +
      '6err6O3u7+zfISQqKTusLS/CxMDBw8XH0aYsJV8+P/jJysvIzc7PzGA6I0AnPSLYYWJjZGVmZ2hpq7vw/f6xsGprbG1ub3Bxcqq65rjGpLV+' +
      'c3R1dnd4eXqhv9Dd3q5eo6W3qae2vL2+W12vqLTXe0FCQ0RFRkdISa309vLz9X1KS0xNTk9QUVK5+/z5+v9c91NUVVZXWFlastTW0tPVMDEy' +
      'MzQ1Njc4ObPb3Nnanw==',
    'base64',
  ).toString('latin1'),
);
const CP500 = changed({ 74: '[', 79: '!', 90: ']', 95: '^', 176: '¢', 186: '¬', 187: '|' });
const CP1140 = changed({ 159: '€' });

function changed(others: Record<number, string>): string[] {
  return CP037.map((character, byte) => others[byte] ?? character);
}
