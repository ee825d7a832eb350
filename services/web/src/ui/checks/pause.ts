import { pauseCheck } from '@overdue/operations';
import type { ForCheck } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { backTo } from './back.tsx';
import { checkTitle } from './check.ts';
import { demand } from './outcome.ts';

/** POST /checks/C/pause/ */
export async function pause(visit: ForCheck): Promise<void> {
  const { check, deps } = visit;
  demand(await pauseCheck(deps.database, deps.clock, { code: check.code }));
  redirect(visit, backTo(visit), {
    kind: 'success',
    text: `${checkTitle(check)} is paused: no alerts until the next ping, or until you resume it.`,
  });
}
