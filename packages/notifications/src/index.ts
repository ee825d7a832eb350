/** Messages about checks: what they say, how each integration sends them, and why one was or was not sent. */
export { type DeadLetter, deadLetters, resend } from './dead-letters.ts';
export { createDelivery, type DeliveryDeps } from './deliver.ts';
export { explain } from './explain/explain.ts';
export type { ExplainedFlip } from './explain/explanation.ts';
export { HttpClient } from './http/client.ts';
export type { Field, Kind } from './kind.ts';
export { emailValue } from './kinds/email/value.ts';
export { findKind, findKindByPath, KINDS } from './kinds.ts';
export {
  bounceId,
  channelToken,
  isChannelToken,
  openBounceId,
  openReportsUnsubscribe,
  openUnsubscribe,
  reportsUnsubscribeLink,
  unsubscribeLink,
  verifyLink,
} from './links.ts';
export { Button, mailDocument } from './mail/layout.tsx';
export { type Mail, Mailer } from './mail/mailer.ts';
export { gapMail, verificationMail } from './mail/notices.tsx';
export { type ReminderFacts, reminderMail } from './mail/reminder.tsx';
export { type ReportFacts, reportMail } from './mail/report.tsx';
export type { NotificationOptions } from './options.ts';
export { notificationOptions } from './options-from-config.ts';
export type { TransportResult } from './result.ts';
export { channelSummary } from './summary.ts';
export { tellOwners } from './switched-off.ts';
export { sendTest } from './test-notification.ts';
