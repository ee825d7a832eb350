import { crc32 } from 'node:zlib';

/*
 * A segment file: the magic, then frames. A frame: length of the payload (u32 LE), CRC-32 of the payload (u32 LE), the
 * payload. A frame is good when it is whole and its CRC agrees; after the first that is not, nothing of the file is
 * believed.
 */
export const MAGIC = Buffer.from('OVSPOOL1', 'latin1');
export const HEADER_BYTES = 8;
/** No payload is longer: a length above it is damage. */
export const MAX_PAYLOAD_BYTES = 512 << 20;

export function frame(payload: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  framed.writeUInt32LE(payload.length, 0);
  framed.writeUInt32LE(crc32(payload), 4);
  payload.copy(framed, HEADER_BYTES);
  return framed;
}

/** The payload of the frame at `offset`, or null when it is not whole or damaged. */
export function frameAt(bytes: Buffer, offset: number): Buffer | null {
  if (offset + HEADER_BYTES > bytes.length) return null;
  const length = bytes.readUInt32LE(offset);
  const start = offset + HEADER_BYTES;
  if (length === 0 || length > MAX_PAYLOAD_BYTES || start + length > bytes.length) return null;
  const payload = bytes.subarray(start, start + length);
  return crc32(payload) === bytes.readUInt32LE(offset + 4) ? payload : null;
}

/** Payloads of a whole file, and where the good part ends. A file shorter than the magic, or without it, has none. */
export function readFrames(bytes: Buffer, from: number = MAGIC.length): { payloads: Buffer[]; goodUntil: number } {
  const payloads: Buffer[] = [];
  if (bytes.length < MAGIC.length || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return { payloads, goodUntil: 0 };
  let offset = from;
  for (;;) {
    const payload = frameAt(bytes, offset);
    if (!payload) return { payloads, goodUntil: offset };
    payloads.push(payload);
    offset += HEADER_BYTES + payload.length;
  }
}
