import type { Sql } from '@overdue/database';
import { readBody } from '../http/body.ts';
import { RESPONSES } from '../http/common.ts';
import type { Endpoint, OpenOperation } from '../http/endpoint.ts';
import { empty } from '../http/reply.ts';

/** Reports about older notifications are ignored (M-69), in milliseconds. */
const MAX_AGE_MS = 3_600_000;

const MAX_ERROR = 200;

/** What a delivery report says (M-70); null: nothing of interest. */
export function deliveryError(form: URLSearchParams): { readonly error: string; readonly disable: boolean } | null {
  let report: { error: string; disable: boolean } | null = null;
  const last = (name: string) => (form.getAll(name).at(-1) ?? '').replaceAll('\0', '');
  const error = last('error');
  if (error !== '') report = { error: [...error].slice(0, MAX_ERROR).join(''), disable: last('mark_disabled') !== '' };
  const disable = report?.disable ?? false;
  const message = last('MessageStatus');
  if (message === 'failed' || message === 'undelivered') {
    report = { error: `Delivery failed (status=${message}).`, disable };
  }
  if (last('CallStatus') === 'failed') report = { error: 'Delivery failed (status=failed).', disable };
  return report;
}

/** Writes what a report says about a message that was handed over: on the message, and as its channel's last error. */
export async function recordDeliveryError(
  sql: Sql,
  { code, since, error, disable }: { code: string; since: number; error: string; disable: boolean },
): Promise<boolean> {
  const rows = await sql`
    with reported as (
      update notifications
      set error = ${error}, state = case state when 'sent' then 'failed' else state end
      where code = ${code} and created_at > ${since}
      returning channel_id
    )
    update channels
    set last_error = ${error}, disabled = disabled or ${disable},
        tell_owner_at = case when ${disable} and not disabled then now() else tell_owner_at end
    from reported where channels.id = reported.channel_id
    returning channels.id`;
  return rows.length > 0;
}

const report: OpenOperation = {
  id: 'reportDelivery',
  summary: 'Tell how the delivery of a message went',
  description: 'Called by services that send SMS and e-mail. A form, as Twilio sends it.',
  key: 'none',
  bodyContentType: 'application/x-www-form-urlencoded',
  responses: {
    200: { description: 'Taken, also when the message is unknown or too old.' },
    404: { description: 'The path has no UUID.', contentType: 'text/html' },
    503: RESPONSES.away,
  },
  async handle({ deps, request, headers, params }) {
    const body = await readBody(request);
    const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');
    if (!body || !isForm) return empty(200);
    const found = deliveryError(new URLSearchParams(body.toString('utf8')));
    if (found) {
      const since = deps.clock.now() - MAX_AGE_MS;
      await recordDeliveryError(deps.database.sql, { code: params.uuid!, since, ...found });
    }
    return empty(200);
  },
};

export const deliveryReportEndpoints: readonly Endpoint[] = [
  {
    path: '/api/v{version}/notifications/{uuid}/status',
    tag: 'Service',
    cors: false,
    allow: true,
    operations: { POST: report },
  },
];
