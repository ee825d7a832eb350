import type { BatchNumber } from './lanes.ts';
import type { Ping } from './ping.ts';
import type { SpoolRecord } from './spool/spool.ts';
import type { StrandedBatch } from './writer.ts';

/** A batch whose pings are answered, and that is to be applied under its number. */
export interface Owed extends BatchNumber {
  readonly pings: readonly Ping[];
  /** Where it is kept: in the spool, or (its coalesced pings only) in the journal. */
  readonly record: SpoolRecord | null;
  readonly stranded: StrandedBatch | null;
}

/**
 * Puts stranded batches among those of the spool so that the numbers of each lane ascend: to the database, a number that
 * is applied means that all below it are.
 * @param records the next of the spool, in its order, in which the numbers of each lane ascend
 * @param stranded those known before `records` were read, when there are none of these; else all
 * @returns all the records, and before each of them the stranded ones of its lane with a smaller number. Without records,
 * all the stranded ones: the spool has nothing that comes before them. The others wait.
 */
export function inOrder(records: readonly SpoolRecord[], stranded: readonly StrandedBatch[]): Owed[] {
  const waiting = new Map<string, StrandedBatch[]>();
  for (const batch of stranded) {
    const lane = waiting.get(batch.number.lane);
    if (lane) lane.push(batch);
    else waiting.set(batch.number.lane, [batch]);
  }
  for (const lane of waiting.values()) lane.sort((a, b) => a.number.batch - b.number.batch);
  if (records.length === 0) return [...waiting.values()].flat().map(ofStranded);
  const owed: Owed[] = [];
  for (const record of records) {
    const { lane, batch, pings } = record.content;
    const before = waiting.get(lane);
    while (before?.[0] && before[0].number.batch < batch) owed.push(ofStranded(before.shift()!));
    owed.push({ lane, batch, pings, record, stranded: null });
  }
  return owed;
}

function ofStranded(stranded: StrandedBatch): Owed {
  return { ...stranded.number, pings: stranded.pings, record: null, stranded };
}
