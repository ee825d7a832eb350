/** Pings by e-mail: the SMTP side. What addresses and messages mean is in @overdue/pings. */
export { type SmtpConfig, startConfiguredSmtp } from './configured.ts';
export { type SmtpListener, type SmtpListenerOptions, startSmtpListener } from './listener.ts';
export type { MailRefusal } from './refusal.ts';
