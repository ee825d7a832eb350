/** Whatever clients send, every line gets a reply or ends the session, and the listener goes on. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DOMAIN, type Fixture, startFixture, UUID } from './testing.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.listener.stop());

const line = fc.oneof(
  fc.constantFrom(
    'EHLO x',
    'HELO',
    'MAIL FROM:<>',
    'MAIL FROM:<a@b> SIZE=99999999999999999999',
    'MAIL FROM:<<>>',
    `RCPT TO:<${UUID}@${DOMAIN}>`,
    'RCPT TO:<@:>',
    `RCPT TO:<${UUID}@${DOMAIN}> NOTIFY`,
    'DATA',
    '.',
    '..',
    'RSET',
    'STARTTLS',
    'AUTH LOGIN',
    'BDAT 4 LAST',
    'QUIT',
    '',
  ),
  fc.string({ maxLength: 60 }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);

test('sessions of nonsense, many at a time', async () => {
  const session = fc.array(fc.tuple(line, fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r', '')), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.array(session, { minLength: 10, maxLength: 10 }), async (sessions) => {
      await Promise.all(
        sessions.map(async (lines) => {
          const client = await fixture.client();
          client.write(Buffer.from(lines.map(([text, end]) => text + end).join(''), 'latin1'));
          client.write('\r\n.\r\nQUIT\r\n');
          for (let reply = ''; reply !== 'closed' && !reply.startsWith('221'); ) {
            reply = await client.reply();
            expect(reply).toMatch(/^([2345]\d\d[ -]|closed$)/);
          }
          client.close();
        }),
      );
    }),
    { numRuns: 15 },
  );
  const client = await fixture.client();
  await client.envelope([`${UUID}@${DOMAIN}`]);
  const before = fixture.target.seen.length;
  expect(await client.data('still here')).toBe('250 OK');
  expect(fixture.target.seen).toHaveLength(before + 1);
  client.close();
});
