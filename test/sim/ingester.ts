import type { PingKind } from '@overdue/checks';
import type { Milliseconds } from '@overdue/clock';
import { openPipeline, type Pipeline } from '@overdue/ingester/pipeline';
import { Heartbeat, type Logger } from '@overdue/observability';
import type { IntakeOutcome } from '@overdue/pings';
import type { SimProcess } from './process.ts';
import { MIN_GAP } from './sendalerts.ts';

export interface SimPing {
  readonly code: string;
  readonly kind: Exclude<PingKind, 'ign'>;
  readonly rid: string | null;
  /** Tells pings apart in the database. */
  readonly ua: string;
  readonly settle: (outcome: IntakeOutcome) => void;
}

export interface SimIngester {
  readonly instanceId: string;
  ping(ping: SimPing): void;
  /** As after SIGTERM. */
  stop(): Promise<void>;
}

export interface IngesterOptions {
  readonly process: SimProcess;
  readonly spoolDirectory: string;
  /** SPOOL_MAX_BYTES */
  readonly spoolBytes: number;
  /** PING_THROTTLE_SECONDS */
  readonly throttle: number;
  /** Milliseconds to the next beat that is written, when it says nothing new. */
  readonly spacing: () => Milliseconds;
  /** Milliseconds between two looks for other ingesters. */
  readonly lookEvery: () => Milliseconds;
  readonly onListening: () => void;
  readonly onProblem: (text: string) => void;
}

/** PING_DB_TIMEOUT_MS */
const TIMEOUT = 1500;

/** Starts what services/ingester runs, but for its listeners. */
export async function startIngester(options: IngesterOptions): Promise<SimIngester> {
  const { process, onProblem } = options;
  const { clock } = process;
  const instanceId = process.uuid();
  const pipeline = await openPipeline({
    config: {
      PING_DB_TIMEOUT_MS: TIMEOUT,
      PING_RATE_LIMIT: 0,
      PING_THROTTLE_SECONDS: options.throttle,
      SPOOL_DIR: options.spoolDirectory,
      SPOOL_MAX_BYTES: options.spoolBytes,
      AMNESTY_MIN_GAP_SECONDS: MIN_GAP / 1000,
    },
    clock,
    logger: {
      info: () => undefined,
      warn: () => undefined,
      error: (context: object, message?: string) => onProblem(`${message} ${JSON.stringify(context, errorsToo)}`),
    },
    metrics: () => NO_METRICS,
    // Locks that nobody gives back are the seed's affair; a wait in real time would not replay.
    open: (_name, max) => process.open(max),
    instanceId,
    cachedChecks: 100,
    spacing: options.spacing,
    lookEvery: options.lookEvery,
  });
  pipeline.recover();
  pipeline.start();
  options.onListening();
  const heartbeat = new Heartbeat({
    store: pipeline.instances,
    instance: { id: instanceId, service: 'ingester', host: process.name, pid: 1, startedAt: clock.now() },
    info: () => ({}),
    clock,
    logger: silent as unknown as Logger,
  });
  heartbeat.start();
  return {
    instanceId,
    async stop() {
      await pipeline.drain();
      await heartbeat.stop();
      await pipeline.close();
    },
    ping: ({ code, kind, rid, ua, settle }) =>
      pipeline.intake.submit({
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
        settle: (outcome) => {
          if (outcome === 'refused') pipeline.refused();
          settle(outcome);
        },
      }),
  };
}

const silent = { info: () => undefined, warn: () => undefined };

const nothing = { inc: () => undefined, observe: () => undefined };
const NO_METRICS = {
  accepted: nothing,
  refused: nothing,
  replayed: nothing,
  dropped: nothing,
  batches: nothing,
  batchSize: nothing,
  commitSeconds: nothing,
  late: nothing,
} as unknown as Pipeline['metrics'];

function errorsToo(_key: string, value: unknown): unknown {
  return value instanceof Error ? String(value) : value;
}
