import type { IncomingMessage } from 'node:http';

/** Bytes that a request's body may have (M-21). */
export const MAX_BODY = 2_621_440;

/**
 * Reads the whole body. Null: it is larger than {@link MAX_BODY}; the rest is not read.
 * Rejects when the client goes away.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) return null;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
