import { clearEvents } from '@overdue/operations';
import type { ForCheck } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { sendConfirmation } from './confirm.tsx';
import { demand } from './outcome.ts';

/** GET /checks/C/clear_events/ */
export function showClear(visit: ForCheck): Promise<void> {
  return sendConfirmation(visit, {
    title: 'Clear the events',
    path: 'clear_events',
    button: 'Clear the events',
    danger: true,
    children: <p>Its pings, status changes and alerts are forgotten, and the check is new again. There is no undo.</p>,
  });
}

/** POST /checks/C/clear_events/ */
export async function clear(visit: ForCheck): Promise<void> {
  demand(await clearEvents(visit.deps.database, { code: visit.check.code }));
  redirect(visit, `/checks/${visit.check.code}/details/`, { kind: 'success', text: 'The events are cleared.' });
}
