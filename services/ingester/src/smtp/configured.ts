import type { Config } from '@overdue/config';
import { type SmtpListener, type SmtpListenerOptions, startSmtpListener } from './listener.ts';

export type SmtpConfig = Pick<
  Config,
  'PING_HOST' | 'SMTPD_PORT' | 'PING_EMAIL_DOMAIN' | 'SMTPD_TLS_CERT' | 'SMTPD_TLS_KEY'
>;

/**
 * The listener that the configuration asks for; null when SMTPD_PORT is not set.
 * @throws what {@link startSmtpListener} throws
 */
export async function startConfiguredSmtp(
  config: SmtpConfig,
  options: Pick<SmtpListenerOptions, 'clock' | 'logger' | 'target' | 'onOutcome' | 'onRefused'>,
): Promise<SmtpListener | null> {
  const { SMTPD_PORT: port, SMTPD_TLS_CERT: cert, SMTPD_TLS_KEY: key } = config;
  if (port === null) return null;
  const listener = await startSmtpListener({
    ...options,
    host: config.PING_HOST,
    port,
    domain: config.PING_EMAIL_DOMAIN,
    certificate: cert !== null && key !== null ? { cert, key } : null,
  });
  options.logger.info(`Taking pings by e-mail to ${config.PING_EMAIL_DOMAIN} on port ${listener.port}`);
  return listener;
}
