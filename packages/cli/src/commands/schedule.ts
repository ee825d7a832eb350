import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { answerScheduleLine } from '@overdue/schedules';

/** `overdue schedule`: one JSON line out for each JSON line in, in order; empty lines are skipped. */
export async function schedule(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    if (!process.stdout.write(`${answerScheduleLine(line)}\n`)) await once(process.stdout, 'drain');
  }
}
