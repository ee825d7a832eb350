import { randomUUID } from 'node:crypto';
import type { PingKind } from '@overdue/checks';
import { beatInstance, registerInstance } from '@overdue/database';
import {
  CheckCache,
  type IntakeOutcome,
  loadByCode,
  loadBySlug,
  PatientPool,
  PingIntake,
  PingWriter,
  Watermark,
} from '@overdue/pings';
import type { SimProcess } from './process.ts';

export interface SimPing {
  readonly code: string;
  readonly kind: Exclude<PingKind, 'ign'>;
  readonly rid: string | null;
  /** Tells pings apart in the database. */
  readonly ua: string;
  readonly settle: (outcome: IntakeOutcome) => void;
}

export interface SimIngester {
  ping(ping: SimPing): void;
}

/** PING_DB_TIMEOUT_MS */
const TIMEOUT = 1500;

/** Starts what services/ingester runs behind its listeners. */
export async function startIngester(process: SimProcess, onListening: () => void): Promise<SimIngester> {
  const { clock } = process;
  const instanceId = randomUUID();
  const pool = new PatientPool({ clock, open: () => process.open(4), timeoutMs: TIMEOUT });
  const cache = new CheckCache({
    clock,
    loaders: {
      byCode: (codes) => pool.run(({ sql }) => loadByCode(sql, codes)),
      bySlug: (addresses) => pool.run(({ sql }) => loadBySlug(sql, addresses)),
    },
  });
  const writer = new PingWriter({
    clock,
    open: () => process.open(1),
    lanes: [randomUUID(), randomUUID()],
    timeoutMs: TIMEOUT,
    overflow: null,
    events: {
      committed: () => undefined,
      spooled: () => undefined,
      refused: (count) => {
        if (count > 0) watermark.refused();
      },
      away: () => undefined,
      back: () => undefined,
      stranded: () => undefined,
      poison: (_ping, error) => {
        throw error;
      },
      problem: (_id, problem) => {
        throw new Error(problem);
      },
    },
  });
  const intake = new PingIntake({
    clock,
    cache,
    writer,
    throttle: null,
    provisioner: null,
    rateLimit: null,
    timeoutMs: TIMEOUT,
    maxPending: 10_000,
    maxPendingBytes: 1 << 20,
  });
  const watermark = new Watermark({
    clock,
    instanceId,
    run: (use) => pool.run(({ sql }) => use(sql)),
    oldest: () => intake.oldest(),
  });
  for (let registered = false; !registered; ) {
    try {
      const startedAt = clock.now();
      await pool.run(({ sql }) =>
        registerInstance(sql, { id: instanceId, service: 'ingester', host: process.name, pid: 1, startedAt }),
      );
      registered = true;
    } catch {
      await clock.sleep(1000);
    }
  }
  watermark.listening();
  onListening();
  void watermark.beat();
  clock.every(1000, () => {
    void watermark.beat();
    void pool.run(({ sql }) => beatInstance(sql, instanceId, {})).catch(() => undefined);
  });
  return {
    ping: ({ code, kind, rid, ua, settle }) =>
      intake.submit({
        address: { code },
        action: kind,
        exitStatus: null,
        rid,
        create: false,
        scheme: 'http',
        method: 'GET',
        remoteAddr: null,
        ua,
        body: null,
        classify: () => kind,
        settle,
      }),
  };
}
