import { isUtf8 } from 'node:buffer';
import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { openBounceId } from '@overdue/notifications';
import { endReports } from '@overdue/operations';
import { readBody } from '../http/body.ts';
import type { Endpoint, OpenOperation } from '../http/endpoint.ts';
import { text } from '../http/reply.ts';
import { recordDeliveryError } from './delivery-reports.ts';
import { headerBlocks } from './header-blocks.ts';

/** Bounces of older notifications are ignored (M-71), in milliseconds. */
const MAX_AGE_MS = 48 * 3600 * 1000;

const MAX_ERROR = 200;

/** What a bounce message says of a delivery (M-72). */
export interface Bounce {
  /** The local part of whom it is addressed to: who sent the mail that bounced. */
  readonly recipient: string;
  /** Null: nothing that matters. */
  readonly failure: { readonly permanent: boolean; readonly error: string } | null;
}

/** @param message a delivery report (RFC 3464) as it was received; anything else is no failure */
export function readBounce(message: string): Bounce {
  const blocks = headerBlocks(message);
  const to = blocks[0]?.get('to') ?? '';
  const address = /<([^<>]*)>/.exec(to)?.[1] ?? to;
  const recipient = address.split('@', 1)[0]!.trim();
  const report = blocks.find((block) => block.has('status') && block.has('action'));
  if (!report) return { recipient, failure: null };
  const status = report.get('status')!.trim();
  if (!/^[45]\./.test(status)) return { recipient, failure: null };
  const diagnostic = report.get('diagnostic-code')?.replace(/^smtp; /i, '');
  const error = diagnostic ? `Delivery failed (${diagnostic})` : `Delivery failed (SMTP status code: ${status})`;
  return {
    recipient,
    failure: {
      permanent: status.startsWith('5.') && status !== '5.4.4',
      error: [...error.replaceAll('\0', '')].slice(0, MAX_ERROR).join(''),
    },
  };
}

const intake: OpenOperation = {
  id: 'reportBounce',
  summary: 'Take a bounced e-mail',
  description: 'The body is the bounce message. It is recognised by the signed address that it was sent to.',
  key: 'none',
  head: true,
  bodyContentType: 'message/rfc822',
  responses: { 200: { description: 'Always; the body says what was made of it.', contentType: 'text/html' } },
  async handle({ deps, request }) {
    const body = request.method === 'HEAD' ? null : await readBody(request);
    const { recipient, failure } = readBounce(body?.toString(isUtf8(body) ? 'utf8' : 'latin1') ?? '');
    const now = deps.clock.now();
    const signed = openBounceId(deps.secretKey, recipient, now);
    if (!signed) return text('OK (bad signature)');
    if (!failure) return text('OK (ignored)');
    const { sql } = deps.database;
    return text(
      signed.type === 'n'
        ? await notificationBounced(sql, signed.id, failure, now - MAX_AGE_MS)
        : await reportBounced(sql, signed.id, failure.permanent),
    );
  },
};

type Failure = NonNullable<Bounce['failure']>;

async function notificationBounced(sql: Sql, code: string, failure: Failure, since: Instant): Promise<string> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(code)) return 'OK (notification not found)';
  const { error, permanent: disable } = failure;
  const found = await recordDeliveryError(sql, { code, since, error, disable });
  return found ? 'OK' : 'OK (notification not found)';
}

async function reportBounced(sql: Sql, username: string, permanent: boolean): Promise<string> {
  const found = permanent
    ? await endReports(sql, username)
    : (await sql`select id from users where username = ${username}`).length > 0;
  return found ? 'OK' : 'OK (user not found)';
}

export const bounceEndpoints: readonly Endpoint[] = [
  {
    path: '/api/v{version}/bounces/',
    tag: 'Service',
    cors: false,
    allow: true,
    operations: {
      POST: intake,
      GET: { ...intake, id: 'reportBounceByGet' },
      PUT: { ...intake, id: 'reportBounceByPut' },
      PATCH: { ...intake, id: 'reportBounceByPatch' },
      DELETE: { ...intake, id: 'reportBounceByDelete' },
    },
  },
];
