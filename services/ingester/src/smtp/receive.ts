import type { Readable } from 'node:stream';

/** Memory for messages that are being received or recorded (copies while growing included), shared by all sessions. */
export class ByteBudget {
  readonly limit: number;
  used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** False, and nothing taken, when it does not fit. */
  take(bytes: number): boolean {
    if (this.used + bytes > this.limit) return false;
    this.used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.used -= bytes;
  }
}

/** How receiving a message ended. */
export type Received =
  /** `release` gives its memory back: call it when the message is done with. */
  | { readonly raw: Buffer; release(): void }
  | 'too big'
  /** No memory for it now. */
  | 'no room'
  /** The connection ended before the message did. */
  | 'broken off';

const FIRST_BLOCK = 16 * 1024;

/**
 * Collects a message of at most `maxBytes`. What comes after a failure is read and dropped, so that the client gets to
 * hear the reply. Copied into one buffer that doubles, because the library may hand over as many pieces as the message
 * has lines.
 */
export function receive(stream: Readable, maxBytes: number, budget: ByteBudget): Promise<Received> {
  return new Promise((resolve) => {
    let buffer = Buffer.alloc(0);
    let length = 0;
    let failed: 'too big' | 'no room' | null = null;
    const drop = () => {
      budget.give(buffer.length);
      buffer = Buffer.alloc(0);
    };
    const fail = (reason: 'too big' | 'no room') => {
      failed = reason;
      drop();
    };
    stream.on('data', (chunk: Buffer) => {
      if (failed) return;
      if (length + chunk.length > maxBytes) return fail('too big');
      if (length + chunk.length > buffer.length) {
        const size = Math.min(maxBytes, Math.max(FIRST_BLOCK, buffer.length * 2, length + chunk.length));
        if (!budget.take(size)) return fail('no room');
        const bigger = Buffer.allocUnsafeSlow(size);
        buffer.copy(bigger, 0, 0, length);
        budget.give(buffer.length);
        buffer = bigger;
      }
      chunk.copy(buffer, length);
      length += chunk.length;
    });
    stream.once('end', () => {
      if (failed) return resolve(failed);
      const held = buffer.length;
      resolve({ raw: buffer.subarray(0, length), release: () => budget.give(held) });
    });
    // Destroyed before its end: whatever the reason, there is nobody left to answer.
    stream.once('error', () => {});
    stream.once('close', () => {
      if (stream.readableEnded) return;
      drop();
      resolve('broken off');
    });
  });
}
