import { request } from 'undici';
import type { ForCheck } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';

/** Longer than the ingester waits for the database before it spools. */
const TIMEOUT_MS = 8000;

/** POST /checks/C/ping/: the same ping that the job would send, through the ingester (DE-3). */
export async function pingNow(visit: ForCheck): Promise<void> {
  const { check, deps, req } = visit;
  const details = `/checks/${check.code}/details/`;
  try {
    const answer = await request(`${deps.config.INGESTER_URL}/ping/${check.code}`, {
      method: 'POST',
      headers: {
        'user-agent': 'Overdue (Ping now)',
        'x-forwarded-for': req.ip ?? '',
        'x-forwarded-proto': req.protocol,
      },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    const text = (await answer.body.text()).slice(0, 200);
    redirect(
      visit,
      details,
      answer.statusCode === 200
        ? { kind: 'success', text: 'Pinged.' }
        : { kind: 'error', text: `The ping was not taken: ${answer.statusCode} ${text}` },
    );
  } catch (error) {
    deps.logger.warn({ err: error, check: check.code }, 'A ping from the page did not reach the ingester');
    redirect(visit, details, {
      kind: 'error',
      text: 'The ingester does not answer, so the ping was not sent. Jobs that ping now see an error too.',
    });
  }
}
