import type { LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { LookupAll } from './shared-lookup.ts';

/** A socket was about to be opened to an address that integrations may not call (notifications.md §3.2). */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
  constructor() {
    super('Connections to private IP addresses are not allowed');
  }
}

/**
 * True for addresses that the public internet does not route to: private, loopback, link-local, documentation,
 * carrier-grade NAT, multicast and the other special-purpose ranges. An IPv4 address inside an IPv6 one (mapped,
 * NAT64, 6to4, Teredo) counts as itself; text that is no address counts as private.
 */
export function isPrivateAddress(text: string): boolean {
  const bare = text.replace(/%.*$/, '');
  if (!ipaddr.isValid(bare)) return true;
  const address = ipaddr.process(bare);
  if (address.kind() === 'ipv4') return address.range() !== 'unicast' || special4(address as ipaddr.IPv4);
  const six = address as ipaddr.IPv6;
  const inner = embedded4(six);
  if (inner) return isPrivateAddress(inner);
  // 2000::/3 is all that is global unicast so far.
  return six.range() !== 'unicast' || (six.parts[0]! & 0xe000) !== 0x2000;
}

const SPECIAL_4 = ['0.0.0.0/8', '192.0.0.0/24', '192.88.99.0/24', '198.18.0.0/15', '240.0.0.0/4'].map((cidr) =>
  ipaddr.IPv4.parseCIDR(cidr),
);

function special4(address: ipaddr.IPv4): boolean {
  return SPECIAL_4.some((cidr) => address.match(cidr));
}

/** The IPv4 address that a 6to4 (2002::/16) or NAT64 (64:ff9b::/96) address leads to. */
function embedded4(address: ipaddr.IPv6): string | null {
  const p = address.parts;
  const dotted = (high: number, low: number) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  if (p[0] === 0x2002) return dotted(p[1]!, p[2]!);
  if (p[0] === 0x64 && p[1] === 0xff9b) return dotted(p[6]!, p[7]!);
  return null;
}

/**
 * Name resolution that leaves out private addresses, so what was checked is what is connected to. A host with a public
 * and a private address is called on the public one. `refused` hears of addresses left out.
 */
export function guardedLookup(lookup: LookupAll, refused: () => void): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, hints(options), (error, addresses) => {
      if (error) return callback(error, '', 0);
      const allowed = addresses.filter((a) => !isPrivateAddress(a.address));
      if (allowed.length < addresses.length) refused();
      const first = allowed[0];
      if (!first) return callback(new PrivateAddressError(), '', 0);
      if (options.all) return callback(null, allowed);
      callback(null, first.address, first.family);
    });
  };
}

/** Name resolution without the guard. */
export function openLookup(lookup: LookupAll): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, hints(options), (error, addresses) => {
      if (error) return callback(error, '', 0);
      if (options.all) return callback(null, addresses);
      const first = addresses[0]!;
      callback(null, first.address, first.family);
    });
  };
}

function hints(options: LookupOptions): { family?: number; hints?: number } {
  const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : options.family;
  return {
    ...(family === undefined ? {} : { family }),
    ...(options.hints === undefined ? {} : { hints: options.hints }),
  };
}

/** True when `host` is itself an address, which is connected to without a lookup. Brackets of IPv6 are allowed. */
export function isAddress(host: string): boolean {
  return isIP(host.replace(/^\[|\]$/g, '')) !== 0;
}

/** The first address of a name, of one family when one is given. */
export function firstAddress(hostname: string, lookup: LookupAll, family?: 4 | 6): Promise<string> {
  return new Promise((resolve, reject) => {
    lookup(hostname, family ? { family } : {}, (error, addresses) => {
      const [first] = addresses;
      if (error || !first) reject(error ?? new Error(`No address of ${hostname}`));
      else resolve(first.address);
    });
  });
}
