import type { IncomingMessage } from 'node:http';

/** Bytes that a request's body may have (M-21). */
export const MAX_BODY = 2_621_440;

/** Of a body that is too large, so many bytes are still read: a client that is sending reads no answer, and gives up. */
const MAX_DISCARDED = 16_777_216;

/**
 * Reads the whole body. Null: it is larger than {@link MAX_BODY}; what was sent is thrown away, up to a limit.
 * Rejects when the client goes away.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_DISCARDED) return null;
  let chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not destroy the request: its socket would go with it, before the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_DISCARDED) return null;
    if (size > MAX_BODY) chunks = [];
    else chunks.push(chunk);
  }
  if (size > MAX_BODY) return null;
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
