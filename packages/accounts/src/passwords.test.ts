import * as argon2 from '@node-rs/argon2';
import { expect, test, vi } from 'vitest';
import { hashPassword, verifyPassword } from './passwords.ts';

vi.mock('@node-rs/argon2', async (original) => {
  const real = await original<typeof argon2>();
  return { ...real, verify: vi.fn(real.verify) };
});

test('an account that does not exist costs the same work as one that does', async () => {
  const cost = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;
  const stored = await hashPassword('correct horse');
  expect(await verifyPassword(stored, 'wrong')).toBe(false);
  expect(await verifyPassword(null, 'wrong')).toBe(false);
  const verified = vi.mocked(argon2.verify).mock.calls.map(([hash]) => hash);
  expect(verified).toHaveLength(2);
  for (const hash of verified) expect(hash).toMatch(cost);
});
