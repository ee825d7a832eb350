import type { PingKind } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import type { BatchNumber } from '../lanes.ts';
import type { PingAction } from '../path.ts';
import type { Ping, Unresolved } from '../ping.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

/*
 * A batch in the spool: version (1) · lane (16) · batch number (8) · number of pings counted, skipped ones included (4) ·
 * oldest instant (8) · number of records (4) · the records. Written and read by the same release or the next one: a
 * change of layout is a new version, and a new MAGIC of the files (frames.ts), so that a release that does not know it leaves
 * them alone. (In a file that it knows, it takes such a batch for damage.)
 */
const VERSION = 1;

const KINDS: readonly PingKind[] = ['success', 'start', 'fail', 'log', 'ign'];
const ACTIONS: readonly PingAction[] = ['success', 'start', 'fail', 'log'];

const UNRESOLVED = 1;
const BODY = 2;
const RID = 4;
const EXIT_STATUS = 8;
const ADDRESS = 16;
const BY_SLUG = 32;
const CREATE = 64;
const COALESCED = 128;

export interface SpooledBatch extends BatchNumber {
  readonly pings: readonly Ping[];
}

export interface BatchHead extends BatchNumber {
  /** Pings in it, those that were coalesced included. */
  readonly count: number;
  readonly oldest: Instant;
}

/** A batch as the spool keeps it. */
export function encodeBatch(number: BatchNumber, pings: readonly Ping[]): Buffer {
  let count = 0;
  let oldest = Number.POSITIVE_INFINITY;
  for (const ping of pings) {
    count += 1 + ping.skipped;
    if (ping.at < oldest) oldest = ping.at;
  }
  const out = new ByteWriter(64 + pings.length * 128);
  out.u8(VERSION).uuid(number.lane).f64(number.batch).u32(count).f64(oldest).u32(pings.length);
  for (const ping of pings) encodePing(out, ping);
  return out.done();
}

function encodePing(out: ByteWriter, ping: Ping): void {
  const { unresolved } = ping;
  const bySlug = unresolved !== null && 'slug' in unresolved.address;
  out.u8(
    (unresolved ? UNRESOLVED : 0) |
      (ping.body ? BODY : 0) |
      (ping.rid !== null ? RID : 0) |
      (ping.exitStatus !== null ? EXIT_STATUS : 0) |
      (ping.remoteAddr !== null ? ADDRESS : 0) |
      (bySlug ? BY_SLUG : 0) |
      (unresolved?.create ? CREATE : 0) |
      (ping.late === 'coalesced' ? COALESCED : 0),
  );
  out.uuid(ping.id).f64(ping.at).u8(KINDS.indexOf(ping.kind)).u32(ping.skipped);
  if (unresolved) {
    out.u8(ACTIONS.indexOf(unresolved.action));
    if ('slug' in unresolved.address) out.text(unresolved.address.pingKey).text(unresolved.address.slug);
    else out.uuid(unresolved.address.code);
  } else {
    out.f64(ping.checkId!);
  }
  if (ping.exitStatus !== null) out.u16(ping.exitStatus);
  if (ping.rid !== null) out.uuid(ping.rid);
  if (ping.remoteAddr !== null) out.text(ping.remoteAddr);
  out.text(ping.scheme).text(ping.method).text(ping.ua);
  if (ping.body) out.bytes(ping.body);
}

/** Reads the beginning only. @throws RangeError, Error */
export function decodeHead(payload: Buffer): BatchHead {
  return readHead(new ByteReader(payload));
}

/** All pings come back as late ones. @throws RangeError, Error when it is not a batch of a known version */
export function decodeBatch(payload: Buffer): SpooledBatch {
  const input = new ByteReader(payload);
  const { lane, batch } = readHead(input);
  const pings: Ping[] = [];
  for (let left = input.u32(); left > 0; left--) pings.push(decodePing(input));
  return { lane, batch, pings };
}

function readHead(input: ByteReader): BatchHead {
  const version = input.u8();
  if (version !== VERSION) throw new Error(`The spool was written by another release (version ${version})`);
  return { lane: input.uuid(), batch: input.f64(), count: input.u32(), oldest: input.f64() };
}

function decodePing(input: ByteReader): Ping {
  const flags = input.u8();
  const id = input.uuid();
  const at = input.f64();
  const kind = KINDS[input.u8()]!;
  const skipped = input.u32();
  let unresolved: Unresolved | null = null;
  let checkId: number | null = null;
  if (flags & UNRESOLVED) {
    const action = ACTIONS[input.u8()]!;
    const address = flags & BY_SLUG ? { pingKey: input.text(), slug: input.text() } : { code: input.uuid() };
    unresolved = { address, action, create: (flags & CREATE) !== 0 };
  } else {
    checkId = input.f64();
  }
  return {
    id,
    at,
    checkId,
    unresolved,
    kind,
    rulesVersion: null,
    exitStatus: flags & EXIT_STATUS ? input.u16() : null,
    rid: flags & RID ? input.uuid() : null,
    remoteAddr: flags & ADDRESS ? input.text() : null,
    scheme: input.text(),
    method: input.text(),
    ua: input.text(),
    body: flags & BODY ? input.bytes() : null,
    skipped,
    late: flags & COALESCED ? 'coalesced' : 'spooled',
  };
}
