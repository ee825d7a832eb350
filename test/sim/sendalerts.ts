import type { Milliseconds } from '@overdue/clock';
import { createDelivery, type Mailer, type NotificationOptions } from '@overdue/notifications';
import { HintedQueue, PostgresQueue } from '@overdue/queue';
import { Evaluator } from '@overdue/sendalerts/evaluator';
import type { SimProcess } from './process.ts';
import type { Random } from './random.ts';
import type { Receivers } from './receiver.ts';
import type { SimRedis } from './redis.ts';

export interface SendalertsOptions {
  readonly process: SimProcess;
  readonly receivers: Receivers;
  /** Null: the queue is on PostgreSQL alone. */
  readonly redis: SimRedis | null;
  readonly random: Random;
  /** How often to look into the outbox, in milliseconds. */
  readonly poll: () => Milliseconds;
}

/** Starts what services/sendalerts runs: lateness is judged, what is owed is delivered. */
export async function startSendalerts(options: SendalertsOptions): Promise<Evaluator> {
  const { process, receivers, redis, random } = options;
  const { clock } = process;
  const database = process.open(12);
  const delivery = createDelivery({
    sql: database.sql,
    clock,
    options: OPTIONS,
    http: receivers.client(process),
    mailer: NO_MAIL,
    logger: silent,
  });
  const queueOptions = {
    database,
    clock,
    logger: silent,
    worker: process.uuid(),
    // NOTIFY is lost in the simulation, but for what the evaluator itself says.
    get poll() {
      return options.poll();
    },
    random: () => random.next(),
  };
  const queue = redis ? new HintedQueue(queueOptions, redis.connect(process)) : new PostgresQueue(queueOptions);
  const evaluator = new Evaluator({
    database,
    clock,
    logger: silent,
    minGap: MIN_GAP,
    poll: random.pick([1500, 2400, 2400]),
    onJudged: ({ owed }) => {
      if (owed > 0 && random.chance(0.7)) queue.wake();
    },
  });
  await queue.start(delivery);
  evaluator.start();
  return evaluator;
}

/** AMNESTY_MIN_GAP_SECONDS, in milliseconds. */
export const MIN_GAP = 5000;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const NO_MAIL = { configured: false } as unknown as Mailer;

const OPTIONS: NotificationOptions = {
  siteRoot: 'http://site',
  siteName: 'Simulation',
  siteLogoUrl: null,
  pingEndpoint: 'http://ping/',
  secretKey: 'secret',
  email: {
    host: '',
    port: 25,
    user: '',
    password: '',
    useTls: false,
    useSsl: false,
    from: 'sim@example.org',
    mailFromTemplate: null,
  },
  http: { allowPrivateAddresses: true, httpProxy: null, httpsProxy: null, noProxy: [] },
  webhooksEnabled: true,
  shellEnabled: false,
  disabledKinds: new Set(),
  telegramToken: null,
  matrix: null,
  pushover: null,
  ntfyShToken: null,
};
