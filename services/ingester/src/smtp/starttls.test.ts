import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSignedCertificate } from '@overdue/database/testing/certificate';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DOMAIN, startFixture, UUID } from './testing.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'overdue-smtp-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A certificate that vouches for itself, in files of this name. */
async function makeCertificate(name: string) {
  const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const { cert, key } = await selfSignedCertificate(DOMAIN);
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

const ok = `${UUID}@${DOMAIN}`;

test('STARTTLS, and a message through it', async () => {
  const { listener, client, target } = await startFixture({ certificate: await makeCertificate('a') });
  const session = await client();
  expect(await session.say('EHLO client.test')).toContain('STARTTLS');
  expect(await session.say('STARTTLS now')).toMatch(/^501 /);
  await session.startTls();
  // What was said before counts no more (RFC 3207).
  expect(await session.say(`MAIL FROM:<>`)).toMatch(/^503 /);
  expect(await session.say('EHLO client.test')).not.toContain('STARTTLS');
  await session.envelope([ok]);
  expect(await session.data('Subject: x\r\n\r\nsecret')).toBe('250 OK');
  session.close();

  const transport = createTransport({
    host: '127.0.0.1',
    port: listener.port,
    requireTLS: true,
    tls: { rejectUnauthorized: false },
  });
  await transport.sendMail({ from: 'cron@host.test', to: ok, text: 'x' });
  transport.close();
  expect(target.seen).toHaveLength(2);
  await listener.stop();
});

test('a changed certificate is taken over; one that does not fit its key is not', async () => {
  const files = await makeCertificate('b');
  const { listener, client, log } = await startFixture({ certificate: files, limits: { certificateMs: 30 } });
  const fingerprint = async () => {
    const session = await client();
    await session.say('EHLO client.test');
    const print = await session.startTls();
    session.close();
    return print;
  };
  const until = (text: string) => expect.poll(() => log.join('\n')).toContain(text);
  const first = await fingerprint();

  const other = await makeCertificate('c');
  copyFileSync(other.key, files.key);
  await until('not usable yet');
  expect(await fingerprint()).toBe(first);

  copyFileSync(other.cert, files.cert);
  await until('took over');
  expect(await fingerprint()).not.toBe(first);
  await listener.stop();
});

test('a certificate that cannot be used stops the start', async () => {
  const files = await makeCertificate('d');
  const other = await makeCertificate('e');
  await expect(startFixture({ certificate: { cert: files.cert, key: other.key } })).rejects.toThrow(/SMTPD_TLS_KEY/);
  await expect(startFixture({ certificate: { ...files, key: join(folder, 'none') } })).rejects.toThrow(/ENOENT/);
});
