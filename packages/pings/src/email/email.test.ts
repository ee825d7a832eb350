import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CheckRules, NO_RULES } from '../rules.ts';
import { htmlToText } from './html.ts';
import { classifyEmail, parsePingMailbox, readMessage } from './index.ts';

const crlf = (text: string) => Buffer.from(text.replace(/\r?\n/g, '\r\n'));

describe('parsePingMailbox', () => {
  const uuid = '2b6f0c10-7d1f-4f6b-9a3e-0123456789ab';
  const key = 'abcdefghij0123456789kL';
  test.each([
    [`${uuid}@ping.test`, { code: uuid }],
    [`${uuid.toUpperCase()}@ping.test`, { code: uuid }],
    [`${key}+db-backup_2@ping.test`, { pingKey: key, slug: 'db-backup_2' }],
    [`"${uuid}"@ping.test`, { code: uuid }],
    [`"${key}+slug"@ping.test`, { pingKey: key, slug: 'slug' }],
    [`"${uuid}@ping.test`, 'invalid mailbox'],
    [`${uuid}@PING.test`, 'wrong domain'],
    [`${uuid}@other.test`, 'wrong domain'],
    [`${uuid}@ping.test@ping.test`, 'wrong domain'],
    [`nonsense@other.test`, 'wrong domain'],
    [`${uuid.replace('-4f6b', '-1f6b')}@ping.test`, 'invalid mailbox'],
    [`${uuid.replace('-9a3e', '-ca3e')}@ping.test`, 'invalid mailbox'],
    [`${uuid}+start@ping.test`, 'invalid mailbox'],
    [`${key}x+slug@ping.test`, 'invalid mailbox'],
    [`${key.slice(1)}+slug@ping.test`, 'invalid mailbox'],
    [`${key}+Slug@ping.test`, 'invalid mailbox'],
    [`${key}+@ping.test`, 'invalid mailbox'],
    ['@ping.test', 'invalid mailbox'],
    ['no-at-sign', 'invalid mailbox'],
    ['', 'invalid mailbox'],
  ])('%s', (address, expected) => {
    expect(parsePingMailbox(address, 'ping.test')).toEqual(expected);
  });
});

describe('subject', () => {
  test.each([
    ['Subject: plain', 'plain'],
    ['Subject: folded\n over\n\tlines', 'folded over\tlines'],
    ['Subject: first\nSubject: second', 'first'],
    ['Subject: first\nSubject: second\n folded', 'first'],
    ['subJECT : with a blank before the colon', 'with a blank before the colon'],
    ['Subject: =?utf-8?Q?S=C3=BCccess?=', 'Süccess'],
    ['Subject: =?UTF-8?B?U1VDQ0VTUw==?= =?utf-8?b?IQ==?=', 'SUCCESS!'],
    ['Subject: =?utf-8?B?w6Q=?=\n =?utf-8?B?w7Y=?=', 'äö'],
    ['Subject: =?iso-8859-1?Q?fa=EFlure?= at =?koi8-r?B?09TPzA==?=', 'faïlure at стол'],
    ['Subject: =?no-such-charset?Q?FAIL=21?=', 'FAIL!'],
    ['Subject: =?windows-1252?Q?=80_=96_=9F?=', '€ – Ÿ'],
    ['Subject: =?cp850?q?gr=94=E1e?= =?IBM437?B?lA==?=', 'größeö'],
    ['Subject: =?utf-16?B?/v8AUwBV?= =?utf-16?B?//5DAEMA?=', 'SUCC'],
    ['Subject: =?utf-8*de?Q?=E2=9C?= =?UTF-8?B?kw==?= =?gbk?Q?=D6=D0?=', '✓中'],
    ['Subject: =?utf-8?Q?a_=3D_b=?==?utf-8?q?=5F?=  c', 'a = b=_  c'],
    ['Subject: =?x-klingon?Q?Gr=C3=B6=C3=9Fe?=', 'Größe'],
    ['Subject: raw ütf-8', 'raw ütf-8'],
    ['Subject:', ''],
    ['X-Subject: no', ''],
    ['From nobody Mon Jan 1\nSubject: after an mbox line', 'after an mbox line'],
  ])('%j', (headers, expected) => {
    expect(readMessage(crlf(`${headers}\nTo: x@y\n\nSubject: in the body\n`)).subject()).toBe(expected);
  });

  test('bytes that are not UTF-8 are taken as windows-1252', () => {
    expect(readMessage(Buffer.from('Subject: na\xefve\r\n\r\n', 'latin1')).subject()).toBe('naïve');
  });

  test('a line that is no header ends the headers', () => {
    const message = readMessage(crlf('no header at all\nSubject: too late\n\nbody\n'));
    expect(message.subject()).toBe('');
    expect(message.plain()).toContain('Subject: too late');
  });
});

describe('text parts', () => {
  const multipart = (type: string, ...parts: string[]) =>
    `Content-Type: multipart/${type}; boundary="b ${parts.length}"\n\npreamble\n${parts
      .map((part) => `--b ${parts.length}\n${part}\n`)
      .join('')}--b ${parts.length}--\nepilogue\n`;
  const plain = (text: string) => `Content-Type: text/plain\n\n${text}`;
  const html = (text: string) => `Content-Type: text/html\n\n${text}`;
  const attached = (part: string) => `Content-Disposition: Attachment; filename=a\n${part}`;

  test.each<[string, string, string, string]>([
    ['no headers about content', 'Subject: s\n\nhello\n', 'hello\n', ''],
    ['no body', 'Subject: s\n', '', ''],
    ['html only', html('<b>x</b>'), '', 'x'],
    ['a type that is none', 'Content-Type: nonsense\n\nhello', 'hello', ''],
    ['another type', 'Content-Type: application/json\n\n{}', '', ''],
    ['alternative', multipart('alternative', plain('p'), html('<i>h</i>')), 'p', 'h'],
    ['the first of two', multipart('mixed', plain('one'), plain('two')), 'one', ''],
    ['a part without headers', multipart('mixed', '\nbare'), 'bare', ''],
    ['attachments are left out', multipart('mixed', attached(plain('no')), plain('yes')), 'yes', ''],
    ['the message as attachment', attached(plain('no')), '', ''],
    ['nested', multipart('mixed', multipart('alternative', plain('p'), html('h')), attached(plain('no'))), 'p', 'h'],
    ['related: the root only', multipart('related', html('h'), plain('no')), '', 'h'],
    [
      'related: root by name',
      multipart('related; start="<r@x>"', plain('no'), `Content-ID: <r@x>\n${html('h')}`),
      '',
      'h',
    ],
    ['forwarded message', multipart('mixed', `Content-Type: message/rfc822\n\n${plain('no')}`), '', ''],
    ['digest', multipart('digest', '\nContent-Type: text/plain\n\nno'), '', ''],
    ['a boundary without its end', 'Content-Type: multipart/mixed; boundary=x\n\n--x\n\nopen end\n', 'open end\n', ''],
    ['no boundary', 'Content-Type: multipart/mixed\n\n--x\n\nhidden\n--x--\n', '', ''],
    ['blanks after the boundary', 'Content-Type: multipart/mixed; boundary=x\n\n--x \t\n\nt\n--x-- \n', 't', ''],
    [
      'a longer line is no boundary',
      'Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--xy\nb\n--x--\n',
      'a\r\n--xy\r\nb',
      '',
    ],
    [
      'boundary in pieces',
      'Content-Type: multipart/mixed; boundary*0="x"; boundary*1=y\n\n--xy\n\nt\n--xy--\n',
      't',
      '',
    ],
    ...[
      "boundary*=us-ascii''xy",
      "boundary*=us-ascii'en'%78y",
      'boundary*=xy',
      "boundary*0*=us-ascii''%78; boundary*1=y",
      "BOUNDARY*0*=us-ascii''x; BOUNDARY*1*=%79",
      'boundary*1=y; boundary*0=x',
      "boundary*=us-ascii''no; boundary=xy",
      'boundary="xy "',
    ].map((parameter): [string, string, string, string] => [
      parameter,
      `Content-Type: multipart/mixed; ${parameter}\n\n--xy\n\nt\n--xy--\n`,
      't',
      '',
    ]),
    [
      'a percent sign in a piece that is not encoded',
      "Content-Type: multipart/mixed; boundary*0*=''x; boundary*1=%79\n\n--x%79\n\nt\n--x%79--\n",
      't',
      '',
    ],
  ])('%s', (_name, raw, expectedPlain, expectedHtml) => {
    const message = readMessage(crlf(raw));
    expect(message.plain().trimEnd()).toBe(expectedPlain.trimEnd());
    expect(message.html().trim()).toBe(expectedHtml);
  });

  const encoded = (encoding: string, charset: string, body: string | Buffer) =>
    Buffer.concat([
      crlf(`Content-Type: text/plain; charset=${charset}\nContent-Transfer-Encoding: ${encoding}\n\n`),
      typeof body === 'string' ? crlf(body) : body,
    ]);
  test.each<[string, Buffer, string]>([
    [
      'quoted-printable',
      encoded('quoted-printable', 'utf-8', 'S=C3=9C=\nCC=45=  \nSS =3D 100=% =\n'),
      'SÜCCESS = 100=% ',
    ],
    ['base64 over lines', encoded('BASE64', 'utf-8', 'U1VD\nQ0VT\nUw==\n'), 'SUCCESS'],
    ['8bit', encoded('8bit', 'utf-8', 'Größe'), 'Größe'],
    ['latin1', encoded('8bit', '"ISO-8859-1"', Buffer.from('Gr\xf6\xdfe', 'latin1')), 'Größe'],
    ['windows-1252', encoded('quoted-printable', 'windows-1252', '=80 =96 =9F'), '€ – Ÿ'],
    ['koi8-r', encoded('base64', 'koi8-r', '09TPzA=='), 'стол'],
    ['shift_jis', encoded('base64', 'Shift_JIS', 'k/qWew=='), '日本'],
    ['utf-16, big-endian', encoded('base64', 'utf-16', '/v8ARwBy//0='), 'Gr\ufffd'],
    ['utf-16, little-endian', encoded('base64', 'UTF-16', '//5HAHIA'), 'Gr'],
    ['utf-16 without a mark', encoded('base64', 'utf-16', 'AE4BTg=='), '一丁'],
    ['utf-16-be', encoded('base64', 'utf-16-be', 'AEcAcg=='), 'Gr'],
    ['utf-16-le', encoded('base64', 'utf_16_le', 'RwByAA=='), 'Gr'],
    ['utf-32, big-endian', encoded('base64', 'utf-32', 'AAD+/wAAAEcAAAD2'), 'Gö'],
    ['utf-32 without a mark', encoded('base64', 'utf-32', 'RwAAAPYAAAA='), 'Gö'],
    ['utf-32-be', encoded('base64', 'utf-32-be', 'AAAARwAAAPY='), 'Gö'],
    ['utf-32-le', encoded('base64', 'UTF-32LE', 'RwAAAPYAAAA='), 'Gö'],
    ['cp932', encoded('base64', 'cp932', 'k/qWe4dA'), '日本①'],
    ['ms932', encoded('base64', 'ms932', 'k/qWew=='), '日本'],
    ['cp850', encoded('quoted-printable', 'cp850', 'gr=94=E1e =B0'), 'größe ░'],
    ['ibm437', encoded('quoted-printable', '"IBM437"', 'gr=94=E1e'), 'größe'],
    ['cp852', encoded('quoted-printable', 'cp852', '=A7lu=9C'), 'žluť'],
    ['cp858', encoded('quoted-printable', 'CP858', '=D5'), '€'],
    ['cp037', encoded('base64', 'cp037', 'h5nMWYVAW9/DuoK7'), 'größe $ÿC[b]'],
    ['cp500', encoded('base64', 'IBM500', 'SlqH'), '[]g'],
    ['cp1140', encoded('base64', 'cp1140', 'n4c='), '€g'],
    ['mac_roman', encoded('quoted-printable', 'mac_roman', 'gr=9A=A7e =DB'), 'größe €'],
    ['no charset, though the library has one', encoded('8bit', 'binary', 'Größe'), 'Größe'],
    ['no charset, either', encoded('8bit', 'hex', 'Größe'), 'Größe'],
    ['unknown charset, ASCII', encoded('8bit', 'x-klingon', 'FAILED'), 'FAILED'],
    ['unknown charset, UTF-8', encoded('8bit', 'x-klingon', 'Größe'), 'Größe'],
    ['unknown charset, neither', encoded('8bit', 'x-klingon', Buffer.from('Gr\xf6\xdfe \x80', 'latin1')), 'Größe €'],
    ['us-ascii that is not', encoded('7bit', 'us-ascii', 'Größe'), 'Größe'],
    ['unknown transfer encoding', encoded('x-none', 'utf-8', 'as it is'), 'as it is'],
    ['uuencode', encoded('x-uuencode', 'utf-8', 'begin 644 a.txt\n,4\\.<0T-%4U,@/2!X\n`\nend\nafter\n'), 'SÜCCESS = x'],
    ['uuencode without its end', encoded('UUENCODE', 'utf-8', 'a note\nbegin 644\n#4U5#\n#0T53\n!4P'), 'SUCCESS'],
    ['uuencode without its beginning', encoded('uuencode', 'utf-8', '#4U5#\nend\n'), '#4U5#\r\nend\r\n'],
    ['broken base64', encoded('base64', 'utf-8', '!!U1VDQ0VTUw!!'), 'SUCCESS'],
  ])('%s', (_name, raw, expected) => {
    expect(readMessage(raw).plain()).toBe(expected);
  });
});

describe('htmlToText', () => {
  test.each([
    ['<b>S</b>UCCESS', 'SUCCESS'],
    ['a<br>b', 'ab'],
    ['a \r\n\t b', 'a b'],
    ['&lt;fail&gt; &amp; &eacute; &#x41;&#66; &nbsp;x', '<fail> & é AB x'],
    ['a<script>var b = "</b>";</script>c', 'ac'],
    ['a<SCRIPT src=x>b</ScRiPt >c', 'ac'],
    ['a<style>b { }</style>c', 'ac'],
    ['<styled>kept</styled>', 'kept'],
    ['a<style type="text/css"/>b<script src=x />c', 'abc'],
    ['a</>b', 'ab'],
    ['a<script>never closed', 'a'],
    ['a<!-- <b>no</b> -->b', 'ab'],
    ['a<!-->b<!--->c<!---->d --> e', 'abcd --> e'],
    ['a<!-- no --!>b<!--!>no-->c<!-- no -- >no', 'abc'],
    ['<!DOCTYPE html><title>T</title>b', 'Tb'],
    ['<?xml version="1.0"?>b', 'b'],
    ['1 < 2 and 3<4', '1 < 2 and 3<4'],
    ['<a title="x > y">z</a>', 'z'],
    ["<p title='it\"s'>z", 'z'],
    ['a</ b', 'a</ b'],
    ['a<b', 'a'],
    ['a<!--', 'a'],
    ['&am<b></b>p;', '&amp;'],
    ['a&amp', 'a&'],
    ['&notin; &unknown; & &;', '∉ &unknown; & &;'],
    ['a&lt b &#x1F389;\u3000\n&emsp;c', 'a< b 🎉 c'],
    [`&${'x'.repeat(100)}&amp;y;`, `&${'x'.repeat(100)}&y;`],
  ])('%s', (html, expected) => {
    expect(htmlToText(html)).toBe(expected);
  });
});

describe('classifyEmail', () => {
  const rules = (changes: Partial<CheckRules>): CheckRules => ({
    ...NO_RULES,
    success_kw: ['SUCCESS'],
    failure_kw: ['FAIL'],
    start_kw: ['START'],
    ...changes,
  });
  const mail = (subject: string, body: string) =>
    readMessage(crlf(`X-Tag: FAIL\nSubject: ${subject}\nContent-Type: text/html\n\n${body}`));
  test.each<[string, CheckRules, string, string, string]>([
    ['no filters', NO_RULES, 'FAIL', 'FAIL', 'success'],
    ['methods is not for mail', { ...NO_RULES, methods: 'POST' }, '', '', 'success'],
    ['the HTTP filter is not for mail', rules({ filter_http_body: true }), 'FAIL', 'FAIL', 'success'],
    ['subject', rules({ filter_subject: true }), 'it is a SUCCESS', 'FAIL', 'success'],
    ['other headers are not searched', rules({ filter_subject: true }), 'nothing', '', 'ign'],
    ['body', rules({ filter_body: true }), 'FAIL', '<b>S</b>UCCESS', 'success'],
    ['both: failure first', rules({ filter_subject: true, filter_body: true }), 'SUCCESS', 'FAIL', 'fail'],
    ['start', rules({ filter_subject: true }), 'START', '', 'start'],
    ['success before start', rules({ filter_subject: true }), 'START SUCCESS', '', 'success'],
    ['case counts', rules({ filter_subject: true }), 'success', '', 'ign'],
    ['default', rules({ filter_subject: true, filter_default_fail: true }), 'x', '', 'fail'],
    ['not across the joint', rules({ filter_subject: true, filter_body: true }), 'SUCC', 'ESS', 'ign'],
  ])('%s', (_name, checkRules, subject, body, expected) => {
    expect(classifyEmail(checkRules, mail(subject, body))).toBe(expected);
  });
});

describe('whatever arrives', () => {
  const nasty = fc.array(
    fc.constantFrom(
      '\r\n',
      '\n',
      '--x',
      '--x--',
      'Content-Type: multipart/mixed; boundary=x',
      'Subject: =?utf-8?Q?',
      '\r\n\r\n',
      'Content-Transfer-Encoding: quoted-printable',
      '=',
      '=\r\n',
      '<',
      '<script',
      '<!--',
      '&#',
      '"',
      'Content-Type: text/html',
      '\0',
      'é',
      ' ',
    ),
    { maxLength: 60 },
  );
  test('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nasty.map((words) => Buffer.from(words.join(''))),
          fc.uint8Array({ maxLength: 400 }).map((a) => Buffer.from(a)),
        ),
        (raw) => {
          const message = readMessage(raw);
          expect(typeof (message.subject() + message.plain() + message.html())).toBe('string');
        },
      ),
      { numRuns: 500 },
    );
  });

  const MB = 1024 * 1024;
  const nest = (depth: number) =>
    Array.from({ length: depth }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`).join('');
  test.each<[string, () => Buffer]>([
    ['one-character lines', () => Buffer.from(`Subject: x\n\n${'a\n'.repeat(4 * MB)}`)],
    ['headers without end', () => Buffer.from('a:\n'.repeat(3 * MB))],
    ['one endless header', () => Buffer.from(`Subject: ${'=?utf-8?Q?a?= '.repeat(600_000)}`)],
    [
      'a million parts',
      () => Buffer.from(`Content-Type: multipart/mixed; boundary=b\n\n${'--b\nContent-Type: a/b\n\n'.repeat(400_000)}`),
    ],
    ['nearly boundaries', () => Buffer.from(`${nest(16)}${'--b15x\n'.repeat(MB)}`)],
    ['deep nesting', () => Buffer.from(nest(100_000))],
    ['tags', () => Buffer.from(`Content-Type: text/html\n\n${'<a b="'.repeat(MB)}`)],
    ['ampersands', () => Buffer.from(`Content-Type: text/html\n\n${'&'.repeat(4 * MB)};`)],
    ['open comments', () => Buffer.from(`Content-Type: text/html\n\n${'<!-'.repeat(2 * MB)}`)],
    ['closed comments', () => Buffer.from(`Content-Type: text/html\n\n${'<!---->'.repeat(MB)}<!--`)],
    [
      'charsets that nobody knows',
      () => Buffer.from(`Subject: ${Array.from({ length: 90_000 }, (_, i) => `=?x${i}?q?a?=`).join('')}`),
    ],
    ['words that touch', () => Buffer.from(`Subject: ${'=?cp850?q?=94?='.repeat(70_000)}`)],
    ['lines of uuencode', () => Buffer.from(`Content-Transfer-Encoding: uuencode\n\nbegin 6\n${'M\n'.repeat(4 * MB)}`)],
    ['pages of EBCDIC', () => Buffer.from(`Content-Type: text/plain; charset=cp037\n\n${'x'.repeat(16 * MB)}`)],
    ['quotes in a parameter', () => Buffer.from(`Content-Type: text/plain; ${';a="\\"'.repeat(200_000)}\n\nx`)],
    ['quoted-printable', () => Buffer.from(`Content-Transfer-Encoding: quoted-printable\n\n${'='.repeat(8 * MB)}`)],
  ])(
    'bounded time: %s',
    (_name, make) => {
      const message = readMessage(make());
      const before = process.cpuUsage();
      message.subject();
      message.plain();
      message.html();
      // Half a second each where nothing else runs; what is not bounded takes minutes.
      expect(process.cpuUsage(before).user / 1e6).toBeLessThan(10);
    },
    60_000,
  );
});
