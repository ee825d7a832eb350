/** Pings by e-mail, as far as they are pure: which check an address means, and what a message says. */
export { parsePingMailbox } from './address.ts';
export { classifyEmail } from './classify.ts';
export { readMessage } from './message.ts';
