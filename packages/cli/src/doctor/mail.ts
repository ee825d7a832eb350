import type { Config } from '@overdue/config';
import { Mailer } from '@overdue/notifications';
import { doubtful, type Finding, fine, wrong } from './finding.ts';

/** The SMTP server: connects, does TLS and signs in as a delivery would, sends nothing. */
export async function examineMail(config: Config): Promise<Finding> {
  if (config.EMAIL_HOST === '') {
    return doubtful('mail', 'no SMTP server is configured: no mail is sent', 'Set EMAIL_HOST and its companions.');
  }
  const where = `${config.EMAIL_HOST}:${config.EMAIL_PORT}`;
  const mailer = new Mailer({
    host: config.EMAIL_HOST,
    port: config.EMAIL_PORT ?? 587,
    user: config.EMAIL_HOST_USER,
    password: config.EMAIL_HOST_PASSWORD,
    useTls: config.EMAIL_USE_TLS,
    useSsl: config.EMAIL_USE_SSL,
    from: config.DEFAULT_FROM_EMAIL,
    mailFromTemplate: null,
  });
  try {
    await mailer.verify();
    return fine('mail', `${where} takes mail from us`);
  } catch (error) {
    const { message, responseCode } = error as Error & { responseCode?: number };
    const mend =
      responseCode === 535 || responseCode === 530
        ? 'Check EMAIL_HOST_USER and EMAIL_HOST_PASSWORD.'
        : 'Check EMAIL_HOST, EMAIL_PORT, and whether the server wants EMAIL_USE_TLS (STARTTLS) or EMAIL_USE_SSL.';
    return wrong('mail', `${where}: ${message}`, mend);
  } finally {
    mailer.close();
  }
}
