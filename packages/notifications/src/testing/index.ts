/** For tests of what delivers: options of the product, and real servers that take HTTP requests and mail. */
export { OPTIONS } from './fixtures.ts';
export { type HttpReceiver, type SmtpReceiver, startHttpReceiver, startSmtpReceiver } from './receivers.ts';
