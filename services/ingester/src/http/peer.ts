import { clientAddress, forwardedClient, forwardedScheme, plainAddress } from '@overdue/pings';

/** Where a connection comes from. */
export interface Peer {
  readonly address: string;
  /** Whether what it says about the client is believed (TRUSTED_PROXIES). */
  readonly trusted: boolean;
}

/** Turns the socket's binary addresses into {@link Peer}s, remembering the last few thousand IPv4 ones. */
export class Peers {
  readonly #isTrusted: (address: string) => boolean;
  readonly #known = new Map<number, Peer>();
  /** Open connections. */
  #open = 0;
  #only: Peer | null = null;

  constructor(isTrusted: (address: string) => boolean) {
    this.#isTrusted = isTrusted;
  }

  /**
   * Where all connections come from that are open, as behind a proxy: then a request need not ask for its own's, which is
   * a system call. Null: not known to be from one address.
   */
  get only(): Peer | null {
    return this.#only;
  }

  /** A connection was opened. @param binary see {@link of} */
  opened(binary: ArrayBuffer): void {
    const peer = this.of(binary);
    if (this.#open++ === 0) this.#only = peer;
    else if (this.#only?.address !== peer.address) this.#only = null;
  }

  /** A connection was closed; nobody can tell any more where it came from. */
  closed(): void {
    if (--this.#open === 0) this.#only = null;
  }

  /** @param binary 4 bytes (IPv4) or 16 (IPv6; an IPv4 peer of a dual-stack listener comes as ::ffff:…) */
  of(binary: ArrayBuffer): Peer {
    const bytes = new Uint8Array(binary);
    if (bytes.length !== 4) return this.#make(binaryAddress(bytes) ?? '');
    const key = ((bytes[0]! * 256 + bytes[1]!) * 256 + bytes[2]!) * 256 + bytes[3]!;
    let peer = this.#known.get(key);
    if (!peer) {
      if (this.#known.size >= 4096) this.#known.clear();
      peer = this.#make(`${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`);
      this.#known.set(key, peer);
    }
    return peer;
  }

  #make(address: string): Peer {
    return { address, trusted: this.#isTrusted(address) };
  }
}

/** The address as text; null when there is none. */
function binaryAddress(bytes: Uint8Array): string | null {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return null;
  if (bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255) {
    return bytes.subarray(12).join('.');
  }
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! * 256 + bytes[i + 1]!).toString(16));
  return plainAddress(groups.join(':'));
}

/** What a trusted proxy says about the client. */
export interface ProxyHeaders {
  /** Null: the header is absent. Empty: the client has no address that is told (P-16). */
  readonly forwardedFor: string | null;
  /** Empty: absent, and so below. */
  readonly forwardedProto: string;
  readonly forwarded: string;
}

/** The client behind a trusted proxy: X-Forwarded-For, else Forwarded, else the proxy itself (P-16). */
export function clientBehind(peer: Peer, headers: ProxyHeaders): string | null {
  if (headers.forwardedFor !== null) return clientAddress(headers.forwardedFor);
  if (headers.forwarded !== '') return forwardedClient(headers.forwarded) ?? peer.address;
  return peer.address;
}

/** The scheme that the client used (P-17). */
export function schemeBehind(headers: ProxyHeaders): string {
  const scheme = headers.forwardedProto || (headers.forwarded && forwardedScheme(headers.forwarded));
  if (!scheme) return 'http';
  return scheme.slice(0, 10).replaceAll('\0', '');
}
