import { generateKeyPairSync, sign } from 'node:crypto';

/*
 * `npm test` needs nothing but Node.js, which makes keys and signatures but no certificates: X.509 (RFC 5280) in DER.
 */

/** OIDs as they stand in DER. */
const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('550403', 'hex');

const TAGS = {
  integer: 0x02,
  bitString: 0x03,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

function der(tag: keyof typeof TAGS, ...contents: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([TAGS[tag], ...size]), content]);
}

/** A certificate for `name` that vouches for itself, and its key, both new and as PEM. */
export function selfSignedCertificate(name: string): { readonly cert: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der('sequence', der('oid', ECDSA_WITH_SHA256));
  const subject = der('sequence', der('set', der('sequence', der('oid', COMMON_NAME), der('utf8', name))));
  const validity = der('sequence', der('utcTime', '200101000000Z'), der('utcTime', '491231235959Z'));
  const signed = der(
    'sequence',
    der('integer', Buffer.from([1])),
    algorithm,
    subject,
    validity,
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = der('bitString', Buffer.from([0]), sign('sha256', signed, privateKey));
  const base64 = der('sequence', signed, algorithm, signature).toString('base64');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
