import { randomBytes } from 'node:crypto';
import {
  createUserWithProject,
  emailAddress,
  FIRST_PROJECT_NAME,
  findUserByEmail,
  type Session,
} from '@overdue/accounts';
import { remoteUserHeader } from '@overdue/config';
import type { Request } from 'express';
import type { WebDeps } from '../deps.ts';
import { HttpError } from './http-error.ts';
import type { Visit } from './visit.ts';

/** RH-1: with a proxy that signs people in, our own ways in are closed. */
export function requireOwnSignIn(visit: Pick<Visit, 'remoteUser'>): void {
  if (visit.remoteUser !== null) throw new HttpError(403, 'The proxy in front of this site has to sign you in.');
}

/**
 * Who the proxy says is asking, when REMOTE_USER_HEADER is set (accounts.md §10); our own sign-in is off then. Undefined:
 * it is not set. Null: the proxy names nobody, so nobody is signed in.
 *
 * The header is believed blindly: the proxy has to remove what clients send under its name.
 */
export async function remoteUserSession(deps: WebDeps, req: Request): Promise<Session | null | undefined> {
  const header = remoteUserHeader(deps.config);
  if (header === null) return undefined;
  const email = emailAddress.safeParse(req.headers[header] ?? '');
  if (!email.success) return null;
  const { database, clock } = deps;
  const user =
    (await findUserByEmail(database.sql, email.data)) ??
    (await createUserWithProject(database, { email: email.data, projectName: FIRST_PROJECT_NAME })) ??
    (await findUserByEmail(database.sql, email.data));
  // There is no session of ours behind it: the key is one that no row has.
  return user && { user, tokenHash: randomBytes(32), createdAt: clock.now(), extended: false };
}
