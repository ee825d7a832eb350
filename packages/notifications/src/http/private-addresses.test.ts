import { describe, expect, test } from 'vitest';
import { guardedLookup, isPrivateAddress, PrivateAddressError } from './private-addresses.ts';
import type { LookupAll } from './shared-lookup.ts';

test.each([
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '127.0.0.1',
  '127.9.9.9',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.0.170',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.9',
  '240.0.0.1',
  '255.255.255.255',
  '100.64.0.1',
  '224.0.0.1',
  '::',
  '::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:10.1.2.3',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2002:a00:1::1',
  '::127.0.0.1',
  'no address',
  '',
])('%s is refused', (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '172.15.0.1',
  '172.32.0.1',
  '192.167.1.1',
  '198.17.0.1',
  '223.255.255.1',
  '100.128.0.1',
  '2606:4700::1111',
  '2a00:1450:4001::1',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
])('%s may be called', (address) => {
  expect(isPrivateAddress(address)).toBe(false);
});

describe('name resolution', () => {
  const resolving =
    (...addresses: string[]): LookupAll =>
    (_host, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );

  function resolve(addresses: string[], all: boolean): Promise<unknown> {
    let refused = 0;
    return new Promise((done) => {
      const lookup = guardedLookup(resolving(...addresses), () => refused++);
      lookup('host', { all }, (error, address) => done(error ? error : { address, refused }));
    });
  }

  test('a host with a public and a private address is called on the public one', async () => {
    expect(await resolve(['10.0.0.1', '8.8.8.8'], false)).toEqual({ address: '8.8.8.8', refused: 1 });
    expect(await resolve(['10.0.0.1', '8.8.8.8', '2606:4700::1111'], true)).toEqual({
      address: [
        { address: '8.8.8.8', family: 4 },
        { address: '2606:4700::1111', family: 6 },
      ],
      refused: 1,
    });
  });

  test('with private ones only it is refused', async () => {
    expect(await resolve(['10.0.0.1', '::1'], true)).toBeInstanceOf(PrivateAddressError);
  });
});
