import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { EmailMessage } from './message.ts';

/**
 * Messages of which some recipients are recorded and the others were not possible: when the sender comes again with the
 * same one, it is taken up where it was left, so that no check is pinged twice.
 */
export class PartlyDone {
  readonly #done = new LRUCache<string, number>({ max: 10_000 });

  /** How many recipients are done already; forgotten by being asked. */
  take(message: EmailMessage): number {
    if (this.#done.size === 0 || message.recipients.length < 2) return 0;
    const key = digest(message);
    const done = this.#done.get(key) ?? 0;
    this.#done.delete(key);
    return done;
  }

  put(message: EmailMessage, done: number): void {
    if (done > 0) this.#done.set(digest(message), done);
  }
}

function digest({ sender, recipients, raw }: EmailMessage): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([sender, recipients.map((recipient) => recipient.address)]));
  return hash.update(raw).digest('base64');
}
