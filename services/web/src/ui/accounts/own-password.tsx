import { BUCKETS, checkPassword, takeToken } from '@overdue/accounts';
import type { Errors } from '../../http/forms.ts';
import type { SignedIn } from '../../http/handlers.ts';
import { tooMany } from '../../http/http-error.ts';
import { useVisit } from '../components/context.ts';
import { TextField } from '../components/fields.tsx';

/*
 * What changes who may sign in, or ends an account, asks for the password once more, of those who have one.
 */

/**
 * What is wrong with the password that was `given`; null: nothing, or the account has none.
 * @throws HttpError 429 after too many attempts, right ones included (accounts.md §21)
 */
export async function ownPasswordProblem(visit: SignedIn, given: string | undefined): Promise<string | null> {
  const { deps, session } = visit;
  const { user } = session;
  if (!(await takeToken(deps.database, deps.clock, BUCKETS.ownPasswordByUser(user.id)))) throw tooMany(3600);
  if (!user.has_password || (await checkPassword(deps.database, user.id, given ?? ''))) return null;
  return 'This is not your password.';
}

/** Its field; nothing for those who have no password. */
export function OwnPasswordField(props: { readonly name: string; readonly label: string; readonly errors: Errors }) {
  if (!useVisit().session?.user.has_password) return null;
  return <TextField {...props} type="password" autocomplete="current-password" required values={{}} />;
}
