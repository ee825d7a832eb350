import { resumeCheck } from '@overdue/operations';
import type { ForCheck } from '../../http/handlers.ts';
import { redirect } from '../../http/redirect.ts';
import { backTo } from './back.tsx';
import { checkTitle } from './check.ts';
import { demand } from './outcome.ts';

/** POST /checks/C/resume/; 400 when it is not paused (DE-4). */
export async function resume(visit: ForCheck): Promise<void> {
  const { check, deps } = visit;
  demand(await resumeCheck(deps.database, deps.clock, { code: check.code }));
  redirect(visit, backTo(visit), {
    kind: 'success',
    text: `${checkTitle(check)} is no longer paused, and waits for a ping.`,
  });
}
