import { Counter, Gauge, Histogram, type Registry } from '@overdue/observability';
import type { IntakeOutcome } from '@overdue/pings';
import type { MailRefusal } from './smtp/index.ts';

/** An outcome as a label's value. */
export function labelOf(outcome: IntakeOutcome): string {
  return outcome.replace(' ', '_');
}

/** What the ingester counts; names begin with `overdue_ingester_`. */
export type Metrics = ReturnType<typeof createMetrics>;

export interface MeasuredState {
  pending(): number;
  pendingBytes(): number;
  cacheSize(): number;
  cacheHits(): number;
  cacheMisses(): number;
  spooling(): boolean;
  spoolBytes(): number;
  spoolPings(): number;
  /** Seconds since the oldest spooled ping was received; 0: none. */
  spoolAge(): number;
  coalescedPings(): number;
  throttled(): number;
  damagedBytes(): number;
  /** Pings that were in it, as far as that is known. */
  damagedPings(): number;
}

/** Counts by one label for the price of an addition; prom-client's own counters build a key each time. */
export class Tally<Label extends string | number> {
  readonly #counts = new Map<Label, number>();

  /** @param labelName of the counter that the counts appear as */
  constructor(registry: Registry, name: string, help: string, labelName: string) {
    const counts = this.#counts;
    new Counter({
      name: `overdue_ingester_${name}`,
      help,
      labelNames: [labelName],
      registers: [registry],
      collect() {
        this.reset();
        for (const [label, count] of counts) this.inc({ [labelName]: label }, count);
      },
    });
  }

  add(label: Label): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
  }
}

export function createMetrics(registry: Registry, state: () => MeasuredState | null) {
  const registers = [registry];
  const gauge = (name: string, help: string, read: (state: MeasuredState) => number) =>
    new Gauge({
      name: `overdue_ingester_${name}`,
      help,
      registers,
      collect() {
        const now = state();
        if (now) this.set(read(now));
      },
    });
  /** Of something that is counted elsewhere. */
  const counted = (name: string, help: string, read: (state: MeasuredState) => number) =>
    new Counter({
      name: `overdue_ingester_${name}`,
      help,
      registers,
      collect() {
        const now = state();
        this.reset();
        if (now) this.inc(read(now));
      },
    });
  gauge('in_flight_pings', 'Pings received and not answered yet.', (s) => s.pending());
  gauge('in_flight_bytes', 'Bytes of their bodies.', (s) => s.pendingBytes());
  gauge('cached_checks', 'Checks in the cache.', (s) => s.cacheSize());
  counted('cache_hits_total', 'Look-ups answered by the cache.', (s) => s.cacheHits());
  counted('cache_misses_total', 'Look-ups that went to the database.', (s) => s.cacheMisses());
  gauge('spooling', '1 while pings go to the spool because the database is away.', (s) => (s.spooling() ? 1 : 0));
  gauge('spool_bytes', 'Bytes in the spool that are not applied yet.', (s) => s.spoolBytes());
  gauge('spool_pings', 'Pings in the spool that are not applied yet.', (s) => s.spoolPings());
  gauge('spool_age_seconds', 'Age of the oldest of them.', (s) => s.spoolAge());
  gauge('coalesced_pings', 'Plain successes answered and waiting for their window to close.', (s) =>
    s.coalescedPings(),
  );
  counted('throttled_total', 'Pings coalesced by the throttle.', (s) => s.throttled());
  gauge('spool_damaged_bytes', 'Bytes of the spool that could not be read and were set aside.', (s) =>
    s.damagedBytes(),
  );
  gauge('spool_damaged_pings', 'Pings that were in them, as far as that is known.', (s) => s.damagedPings());
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `overdue_ingester_${name}`, help, labelNames, registers });
  return {
    accepted: counter('accepted_total', 'Pings answered 200: committed, or in the spool.', ['how']),
    refused: new Tally<number>(registry, 'refused_total', 'HTTP requests not answered 2xx, by status.', 'status'),
    mailPings: new Tally<string>(
      registry,
      'mail_pings_total',
      'Recipients of accepted mails, by what became of their pings.',
      'outcome',
    ),
    mailRefused: new Tally<MailRefusal>(
      registry,
      'mail_refused_total',
      'Recipients and mails that got no 250, by reason.',
      'reason',
    ),
    replayed: counter('replayed_total', 'Pings applied from the spool.'),
    late: counter(
      'late_pings_total',
      'Pings from after the deadline of a check that sendalerts had not judged yet, by whether the time-out was recorded.',
      ['judged'],
    ),
    dropped: counter('dropped_total', 'Pings from the spool that led to no check, or that cannot be applied.', ['why']),
    batches: counter('batches_total', 'Committed transactions, by how many round trips they took.', ['way']),
    batchSize: new Histogram({
      name: 'overdue_ingester_batch_size',
      help: 'Pings in a committed transaction.',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'overdue_ingester_commit_seconds',
      help: 'From sending a batch to its acknowledged commit.',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
      registers,
    }),
  };
}
