/** Pings by e-mail, as far as they are pure: which check an address means, and what a message says. */
export { type NoPingMailbox, parsePingMailbox } from './address.ts';
export { classifyEmail } from './classify.ts';
export { type MessageText, readMessage } from './message.ts';
