import type { ProxyHeaders } from './peer.ts';

/** What a ping says in its headers. Each is '' when it is absent, where nothing else is said. */
export interface Head extends ProxyHeaders {
  readonly contentLength: string;
  readonly transferEncoding: string;
  /** How many headers say where the body ends. */
  readonly lengths: number;
  readonly userAgent: string;
}

/** As uWebSockets.js has it: names in lower case, values as Latin-1. */
interface Request {
  /** Of a header that comes twice, the first. */
  getHeader(name: string): string;
  forEach(callback: (name: string) => void): void;
}

const CONTENT_LENGTH = 1;
const TRANSFER_ENCODING = 2;
const USER_AGENT = 4;
const FORWARDED_FOR = 8;
const FORWARDED_PROTO = 16;
const FORWARDED = 32;

// Of the request that is being read; forEach calls back before it returns.
let present = 0;
let lengths = 0;

/**
 * Reads a request's headers. First which there are: asking for one costs as much as hearing of one, though it be absent,
 * and does not tell absent from empty.
 */
export function readHead(request: Request): Head {
  present = 0;
  lengths = 0;
  request.forEach(hearOf);
  return {
    contentLength: present & CONTENT_LENGTH ? request.getHeader('content-length') : '',
    transferEncoding: present & TRANSFER_ENCODING ? request.getHeader('transfer-encoding') : '',
    lengths,
    userAgent: present & USER_AGENT ? request.getHeader('user-agent') : '',
    forwardedFor: present & FORWARDED_FOR ? request.getHeader('x-forwarded-for') : null,
    forwardedProto: present & FORWARDED_PROTO ? request.getHeader('x-forwarded-proto') : '',
    forwarded: present & FORWARDED ? request.getHeader('forwarded') : '',
  };
}

function hearOf(name: string): void {
  switch (name) {
    case 'content-length':
      present |= CONTENT_LENGTH;
      lengths++;
      break;
    case 'transfer-encoding':
      present |= TRANSFER_ENCODING;
      lengths++;
      break;
    case 'user-agent':
      present |= USER_AGENT;
      break;
    case 'x-forwarded-for':
      present |= FORWARDED_FOR;
      break;
    case 'x-forwarded-proto':
      present |= FORWARDED_PROTO;
      break;
    case 'forwarded':
      present |= FORWARDED;
      break;
  }
}
