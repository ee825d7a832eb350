import { type Access, findAccess, isFirstRun, type Session } from '@overdue/accounts';
import type { CheckRow } from '@overdue/operations';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { WebDeps } from '../deps.ts';
import { type ChannelRow, findChannel } from '../rows/channel.ts';
import { findCheck } from '../rows/check.ts';
import type { Site } from '../site.ts';
import { forbidden, HttpError, notFound } from './http-error.ts';
import { redirect } from './redirect.ts';
import { requireOwnSignIn } from './remote-user.ts';
import { readSession } from './session.ts';
import { makeVisit, type Visit } from './visit.ts';

export interface SignedIn extends Visit {
  readonly session: Session;
}
export interface InProject extends SignedIn {
  readonly access: Access;
}
export interface ForCheck extends InProject {
  readonly check: CheckRow;
}
export interface ForChannel extends InProject {
  readonly channel: ChannelRow;
}

export type Action<V extends Visit> = (visit: V) => Promise<void> | void;
type Guarded = (visit: Visit) => Promise<void> | void;

/** What a person's role has to allow: to look, to change, to manage people, or to own (accounts.md §14). */
export type Need = 'read' | 'write' | 'manage' | 'own';

/** Anybody, signed in or not. */
export function anybody(action: Action<Visit>): Guarded {
  return action;
}

/** Visitors who have not signed in are sent to the sign-in page and come back afterwards (UM-1). */
export function signedIn(action: Action<SignedIn>): Guarded {
  return async (visit) => {
    const { session, req } = visit;
    if (session) return action({ ...visit, session });
    if (wantsData(req)) throw new HttpError(403, 'Sign in first.');
    requireOwnSignIn(visit);
    if (await isFirstRun(visit.deps.database.sql)) return redirect(visit, '/setup/');
    const path = req.originalUrl.slice(visit.site.base.length);
    redirect(
      visit,
      req.method === 'GET' && path !== '/' ? `/accounts/login/?next=${encodeURIComponent(path)}` : '/accounts/login/',
    );
  };
}

/** What scripts ask for: without a session 403, not the way to the sign-in page (UM-1). */
export function data(action: Guarded): Guarded {
  return (visit) => {
    if (!visit.session) throw new HttpError(403, 'Sign in first.');
    return action(visit);
  };
}

/** An address that scripts ask for again with `?refresh=1`. */
export function asPoll(poll: Guarded, page: Guarded): Guarded {
  return (visit) => (visit.req.query.refresh ? poll : page)(visit);
}

/** `:project` in the path. Strangers get the same 404 as for a project that does not exist. */
export function inProject(need: Need, action: Action<InProject>): Guarded {
  return signedIn(async (visit) => {
    const code = uuidParameter(visit.req, 'project');
    const access = await findAccess(visit.deps.database.sql, visit.session.user, { code });
    if (!access) throw notFound();
    requireRole(access, need);
    return action({ ...visit, access });
  });
}

/** `:check` in the path. */
export function forCheck(need: Need, action: Action<ForCheck>): Guarded {
  return signedIn(async (visit) => {
    const { sql } = visit.deps.database;
    const check = await findCheck(sql, uuidParameter(visit.req, 'check'));
    const access = check && (await findAccess(sql, visit.session.user, { id: check.project_id }));
    if (!check || !access) throw notFound();
    requireRole(access, need);
    return action({ ...visit, access, check });
  });
}

/** `:channel` in the path. */
export function forChannel(need: Need, action: Action<ForChannel>): Guarded {
  return signedIn(async (visit) => {
    const { sql } = visit.deps.database;
    const channel = await findChannel(sql, uuidParameter(visit.req, 'channel'));
    const access = channel && (await findAccess(sql, visit.session.user, { id: channel.project_id }));
    if (!channel || !access) throw notFound();
    requireRole(access, need);
    return action({ ...visit, access, channel });
  });
}

function requireRole(access: Access, need: Need): void {
  // PJ-3: who may not delete a project does not learn that it could be deleted.
  if (need === 'own' && !access.isOwner) throw notFound();
  if (need === 'manage' && !access.canManage) throw forbidden();
  if (need === 'write' && !access.canWrite) throw forbidden();
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether PostgreSQL takes it as a uuid, in the one spelling that addresses have. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

function uuidParameter(req: Request, name: string): string {
  const text = req.params[name];
  if (!isUuid(text)) throw notFound();
  return text.toLowerCase();
}

/** A script asks, not a person who follows a link. */
export function wantsData(req: Request): boolean {
  const accept = req.headers.accept ?? '';
  return accept.startsWith('application/json') || accept.startsWith('text/event-stream');
}

export interface Actions {
  readonly get?: Guarded;
  readonly post?: Guarded;
}

/** A router whose paths name their actions; a path asked with a method it does not have answers 405 (UM-2). */
export function makeRouter(deps: WebDeps, site: Site, table: Readonly<Record<string, Actions>>): Router {
  const router = Router({ strict: true, caseSensitive: true });
  const run =
    (action: Guarded): RequestHandler =>
    async (req: Request, res: Response) => {
      await action(makeVisit(deps, site, req, res, await readSession(deps, site, req, res)));
    };
  for (const [path, actions] of Object.entries(table)) {
    if (actions.get) router.get(path, run(actions.get));
    if (actions.post) router.post(path, run(actions.post));
    router.all(path, (_req, res) => {
      res.set('Allow', [actions.get ? 'GET, HEAD' : '', actions.post ? 'POST' : ''].filter(Boolean).join(', '));
      throw new HttpError(405, 'This address does not take this kind of request.');
    });
  }
  return router;
}
