import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Peers } from './peer.ts';

/** As the sockets give it. */
const binary = (address: string) => new Uint8Array(address.split('.').map(Number)).buffer;

test('where all open connections come from is never said when one comes from elsewhere', () => {
  const address = fc.constantFrom('127.0.0.1', '10.0.0.1');
  /** Opens one from there, or closes one of the open ones. */
  const act = fc.oneof(address, fc.nat({ max: 9 }));
  const property = fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
    const peers = new Peers((from) => from === '127.0.0.1');
    const open: string[] = [];
    for (const one of acts) {
      if (typeof one === 'string') {
        peers.opened(binary(one));
        open.push(one);
      } else if (open.length > 0) {
        peers.closed();
        open.splice(one % open.length, 1);
      }
      const { only } = peers;
      if (only) expect(open.map((from) => peers.of(binary(from)))).toEqual(open.map(() => only));
      if (open.length === 1 && typeof one === 'string') {
        expect(only).toEqual({ address: one, trusted: one === '127.0.0.1' });
      }
      if (open.length === 0) expect(only).toBeNull();
    }
  });
  fc.assert(property, { numRuns: 500 });
});
