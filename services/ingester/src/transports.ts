import type { Clock } from '@overdue/clock';
import { type Config, trustedProxies } from '@overdue/config';
import type { Logger } from '@overdue/observability';
import { Answers } from './http/answers.ts';
import { Peers } from './http/peer.ts';
import { startHttpServer } from './http/server.ts';
import { labelOf } from './metrics.ts';
import { MAX_PENDING_BYTES, type Pipeline } from './pipeline/index.ts';
import { type SmtpConfig, startConfiguredSmtp } from './smtp/index.ts';

export type TransportsConfig = Pick<
  Config,
  'PING_HOST' | 'PING_PORT' | 'PING_BODY_LIMIT' | 'PING_RATE_LIMIT' | 'TRUSTED_PROXIES'
> &
  SmtpConfig;

/** What brings pings: HTTP and, where it is on, e-mail. */
export interface Transports {
  /** The port for HTTP. */
  readonly port: number;
  /** The port for e-mail; null: off. */
  readonly smtpPort: number | null;
  /** Takes no new connections; resolves when mails in hand are answered. HTTP requests in hand are answered by and by. */
  drain(): Promise<void>;
  /** Ends what HTTP connections are left. */
  close(): void;
}

/**
 * Opens the listeners: from now on pings come.
 * @throws StartError when a port cannot be opened; then none is
 */
export async function openTransports(options: {
  readonly config: TransportsConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pipeline: Pick<Pipeline, 'intake' | 'metrics' | 'refused'>;
}): Promise<Transports> {
  const { config, clock, logger, pipeline } = options;
  const { intake, metrics } = pipeline;
  const server = await startHttpServer({
    clock,
    host: config.PING_HOST,
    port: config.PING_PORT,
    intake,
    answers: new Answers(clock, config.PING_BODY_LIMIT, config.PING_RATE_LIMIT),
    peers: new Peers(trustedProxies(config)),
    bodyLimit: config.PING_BODY_LIMIT,
    maxIncomingBytes: MAX_PENDING_BYTES,
    onRejected: (status) => metrics.refused.add(status),
    onRefused: () => pipeline.refused(),
    onError: (err) => logger.error({ err }, 'A request failed'),
  });
  const smtp = await startConfiguredSmtp(config, {
    clock,
    logger,
    target: intake,
    onOutcome(outcome) {
      metrics.mailPings.add(labelOf(outcome));
      if (outcome === 'refused') pipeline.refused();
    },
    onRefused: (reason) => metrics.mailRefused.add(reason),
  }).catch((error) => {
    server.close();
    throw error;
  });
  return {
    port: server.port,
    smtpPort: smtp?.port ?? null,
    async drain() {
      server.drain();
      await smtp?.stop();
    },
    close: () => server.close(),
  };
}
