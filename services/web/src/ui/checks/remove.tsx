import { deleteCheck } from '@overdue/operations';
import type { ForCheck } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { checkTitle } from './check.ts';
import { sendConfirmation } from './confirm.tsx';
import { demand } from './outcome.ts';

/** GET /checks/C/remove/ */
export function showRemove(visit: ForCheck): Promise<void> {
  return sendConfirmation(visit, {
    title: 'Remove the check',
    path: 'remove',
    button: 'Remove it for good',
    danger: true,
    children: (
      <p>
        <strong>{checkTitle(visit.check)}</strong> goes, with its log. There is no undo, and its ping URL will never
        work again: a job that still pings it gets “not found”.
      </p>
    ),
  });
}

/** POST /checks/C/remove/ */
export async function remove(visit: ForCheck): Promise<void> {
  const check = demand(await deleteCheck(visit.deps.database, { code: visit.check.code }));
  redirect(visit, `/projects/${visit.access.project.code}/checks/`, {
    kind: 'success',
    text: `${checkTitle(check)} is removed.`,
  });
}
