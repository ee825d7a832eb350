/** Our reading of a message against that of a full MIME parser, over messages that a mailer writes. */

import { readMessage } from '@overdue/pings';
import fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import PostalMime from 'postal-mime';
import { test } from 'vitest';

const words = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'ok',
        'FAIL',
        'é',
        '日本語',
        '=',
        '=20',
        '--',
        '.',
        '?=',
        '=?',
        '"',
        '<b>',
        '&amp;',
        '🎉',
        'From ',
      ),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
    ),
    { minLength: 1, maxLength: 40 },
  )
  // Blanks at the ends of lines are for mailers to keep or not.
  .map((list) => list.map((word) => word.replace(/[\p{Cc}\p{Z}\s]/gu, 'x')).join(' '));
const lines = fc.array(words, { minLength: 1, maxLength: 8 }).map((list) => list.join('\n'));

const mail = fc.record(
  {
    subject: words,
    text: lines,
    html: lines.map((text) => `<p>${text.replace(/[<>&]/g, '')}</p>`),
    textEncoding: fc.constantFrom('quoted-printable' as const, 'base64' as const),
    attachments: fc.array(fc.record({ filename: fc.constantFrom('a.txt', 'b.html', 'c.eml'), content: lines }), {
      maxLength: 2,
    }),
  },
  { requiredKeys: ['subject', 'text'] },
);

const normal = (text: string | undefined) => (text ?? '').replaceAll('\r\n', '\n').trimEnd();

test('subject and text are what the parser finds', async () => {
  await fc.assert(
    fc.asyncProperty(mail, async (content) => {
      const raw = await new MailComposer({ from: 'cron@host.test', ...content }).compile().build();
      const theirs = await PostalMime.parse(raw);
      const ours = readMessage(raw);
      if (ours.subject() !== (theirs.subject ?? '').trim()) throw new Error(`subject: ${ours.subject()}`);
      if (normal(ours.plain()) !== normal(theirs.text)) throw new Error(`text: ${ours.plain()} | ${theirs.text}`);
    }),
    { numRuns: 300 },
  );
});
