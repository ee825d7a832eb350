import { generate } from 'selfsigned';

/** A certificate for `name` that vouches for itself, and its key, both new and as PEM. */
export async function selfSignedCertificate(name: string): Promise<{ readonly cert: string; readonly key: string }> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
  });
  return { cert, key };
}
