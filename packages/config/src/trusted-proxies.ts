import { BlockList, isIP } from 'node:net';
import type { Config } from './table.ts';

/**
 * A predicate: does this address (as a socket reports it; IPv4 mapped into IPv6 counts as IPv4) belong to a proxy
 * whose headers about the client are believed? From TRUSTED_PROXIES. Undefined, the address of a connection that was
 * reset, does not.
 */
export function trustedProxies(config: Pick<Config, 'TRUSTED_PROXIES'>): (address: string | undefined) => boolean {
  const blocks = new BlockList();
  for (const item of config.TRUSTED_PROXIES) {
    const [address = '', bits] = item.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) blocks.addAddress(address, family);
    else blocks.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    if (address === undefined) return false;
    const plain = address.replace(/^::ffff:(?=[0-9.]+$)/i, '').replace(/%.*$/, '');
    const family = isIP(plain);
    return family !== 0 && blocks.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  };
}
