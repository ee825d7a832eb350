import { describe, expect, it } from 'vitest';
import { hexDump, textOf } from './ping-body.tsx';

describe('the body of a ping', () => {
  it.each([
    ['ASCII', 'plain\n\ttext\r\n'],
    ['UTF-8', 'žluťoučký 夜間 🚀'],
    ['coloured output', '\u001b[31mfailed\u001b[0m'],
    ['nothing', ''],
  ])('%s is text', (_, text) => {
    expect(textOf(Buffer.from(text))).toBe(text);
  });

  it.each([
    ['a zero byte', Buffer.from('a\0b')],
    ['broken UTF-8', Buffer.from([0x61, 0xff, 0xfe])],
    ['a cut character', Buffer.from('€').subarray(0, 2)],
  ])('%s is not text', (_, body) => {
    expect(textOf(body)).toBeNull();
  });

  it('is dumped with offsets and what can be seen', () => {
    const bytes = Buffer.concat([Buffer.from('GIF89a<b>'), Buffer.from([0, 1, 2, 127, 128, 254, 255, 65])]);
    expect(hexDump(bytes)).toBe(
      [
        '000000  47 49 46 38 39 61 3c 62 3e 00 01 02 7f 80 fe ff  GIF89a<b>.......',
        `000010  41${' '.repeat(45)}  A`,
      ].join('\n'),
    );
  });
});
