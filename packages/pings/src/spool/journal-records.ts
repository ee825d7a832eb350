import type { Instant } from '@overdue/clock';
import type { BatchNumber } from '../lanes.ts';
import type { Ping } from '../ping.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

/*
 * Two kinds of records, in order:
 *
 *   counted  sequence number, and for each check how many pings and the newest of them
 *   claimed  claim id, check, sequence number: the check's pings up to that number go into batch (lane, number)
 */
const COUNTED = 1;
const CLAIMED = 2;
/** Of the pings of one check, so many are read back with their details. */
const KEEP = 128;

/** What the log keeps of a coalesced ping; it has no body, run id or exit status. */
export type CoalescedPing = Pick<Ping, 'at' | 'scheme' | 'method' | 'remoteAddr' | 'ua'>;

/** Coalesced pings of one check, oldest first. */
export interface CoalescedPings {
  readonly checkId: number;
  readonly pings: readonly CoalescedPing[];
  /** Older ones that are only counted. */
  readonly skipped: number;
}

interface Counted {
  readonly checkId: number;
  readonly ping: CoalescedPing;
}

interface Claimed {
  readonly id: number;
  readonly checkId: number;
  /** The last sequence number that it takes. */
  readonly through: number;
  readonly number: BatchNumber;
}

/** What is in a journal and not known to be committed. */
export interface Left {
  /** Claimed, but perhaps not committed: to be applied under their number. */
  readonly claimed: readonly { readonly number: BatchNumber; readonly groups: readonly CoalescedPings[] }[];
  readonly unclaimed: readonly CoalescedPings[];
}

/** For each check how many pings are only counted, then how many with their details: here each by itself. */
export function encodeCounted(sequence: number, counted: readonly Counted[]): Buffer {
  const out = new ByteWriter(256 + counted.length * 32);
  out.u8(COUNTED).f64(sequence).u32(counted.length);
  let last: CoalescedPing | null = null;
  for (const { checkId, ping } of counted) {
    const same =
      last !== null &&
      last.ua === ping.ua &&
      last.remoteAddr === ping.remoteAddr &&
      last.method === ping.method &&
      last.scheme === ping.scheme;
    out
      .f64(checkId)
      .u32(0)
      .u16(1)
      .f64(ping.at)
      .u8(same ? 1 : 0);
    if (!same) {
      out
        .text(ping.scheme)
        .text(ping.method)
        .text(ping.remoteAddr ?? '')
        .text(ping.ua);
    }
    last = ping;
  }
  return out.done();
}

export function encodeClaimed({ id, checkId, through, number: { lane, batch } }: Claimed): Buffer {
  return new ByteWriter(64).u8(CLAIMED).f64(id).f64(checkId).f64(through).uuid(lane).f64(batch).done();
}

/** What payloads of a journal, oldest first, say is not known to be committed. */
export function readJournal(payloads: Iterable<Buffer>): Left {
  const found = new Recovery();
  for (const payload of payloads) found.read(payload);
  return found.result();
}

/** Whether a payload is one of the records that {@link Recovery} reads. */
export function isRecord(payload: Buffer): boolean {
  try {
    new Recovery().read(payload);
    return true;
  } catch {
    return false;
  }
}

interface CountedGroup extends CoalescedPings {
  readonly sequence: number;
}

/** Reads a journal back. */
export class Recovery {
  /** The highest numbers that are mentioned. */
  sequence = 0;
  claims = 0;
  readonly #counted = new Map<number, CountedGroup[]>();
  readonly #claimed = new Map<number, { checkId: number; through: number; number: BatchNumber }>();

  read(payload: Buffer): void {
    const input = new ByteReader(payload);
    if (input.u8() === CLAIMED) {
      const id = input.f64();
      this.claims = Math.max(this.claims, id);
      const [checkId, through] = [input.f64(), input.f64()];
      this.sequence = Math.max(this.sequence, through);
      this.#claimed.set(id, { checkId, through, number: { lane: input.uuid(), batch: input.f64() } });
      return;
    }
    const sequence = input.f64();
    this.sequence = Math.max(this.sequence, sequence);
    let meta = { scheme: '', method: '', remoteAddr: null as string | null, ua: '' };
    for (let checks = input.u32(); checks > 0; checks--) {
      const checkId = input.f64();
      const skipped = input.u32();
      const pings: CoalescedPing[] = [];
      for (let left = input.u16(); left > 0; left--) {
        const at: Instant = input.f64();
        if (input.u8() === 0) {
          meta = { scheme: input.text(), method: input.text(), remoteAddr: input.text() || null, ua: input.text() };
        }
        pings.push({ at, ...meta });
      }
      const groups = this.#counted.get(checkId) ?? [];
      groups.push({ checkId, pings, skipped, sequence });
      this.#counted.set(checkId, groups);
    }
  }

  result(): Left {
    const claimed = new Map<string, { number: BatchNumber; groups: CoalescedPings[] }>();
    // Claims of a check in order: each takes what the one before it left.
    for (const [, claim] of [...this.#claimed].sort(([a], [b]) => a - b)) {
      const groups = this.#counted.get(claim.checkId) ?? [];
      const taken = groups.filter((group) => group.sequence <= claim.through);
      this.#counted.set(
        claim.checkId,
        groups.filter((group) => group.sequence > claim.through),
      );
      if (taken.length === 0) continue;
      const key = `${claim.number.lane} ${claim.number.batch}`;
      const batch = claimed.get(key) ?? { number: claim.number, groups: [] };
      batch.groups.push(merge(taken));
      claimed.set(key, batch);
    }
    const unclaimed = [...this.#counted.values()].filter((groups) => groups.length > 0).map(merge);
    return { claimed: [...claimed.values()], unclaimed };
  }
}

/** Groups of one check as one: the newest pings, the others counted. */
function merge(groups: readonly CoalescedPings[]): CoalescedPings {
  const pings = groups.flatMap((group) => group.pings);
  const counted = groups.reduce((sum, group) => sum + group.pings.length + group.skipped, 0);
  const kept = pings.slice(-KEEP);
  return { checkId: groups[0]!.checkId, pings: kept, skipped: counted - kept.length };
}
