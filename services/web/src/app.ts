import type { RequestListener } from 'node:http';
import { trustedProxies } from '@overdue/config';
import express from 'express';
import { apiListener } from './api/index.ts';
import type { WebDeps } from './deps.ts';
import { csrfProtection } from './http/csrf.ts';
import { makeRouter } from './http/handlers.ts';
import { hostCheck } from './http/host-check.ts';
import { pathOfTarget } from './http/request-target.ts';
import { securityHeaders } from './http/security-headers.ts';
import { LiveHub } from './live/hub.ts';
import { makeMessages } from './messages.ts';
import { pingProxy } from './ping-proxy.ts';
import { mailedRoutes, routes } from './routes.ts';
import { makeSite } from './site.ts';
import { errorPages, nothingHere } from './ui/errors.tsx';

export interface WebApp {
  readonly listener: RequestListener;
  /** Ends open streams and connections to the ingester. */
  close(): Promise<void>;
}

/**
 * The whole HTTP application. Order matters: the management API, badges, Prometheus metrics and pings come before
 * sessions, CSRF and the Host check, because their callers have keys and no cookies.
 */
export function createApp(deps: WebDeps): WebApp {
  const { config } = deps;
  const messages = makeMessages(deps);
  const site = makeSite(config, messages);
  const hub = new LiveHub(deps.database, deps.clock, deps.logger);
  const proxy = pingProxy(deps);

  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.set('trust proxy', trustedProxies(config));

  const inner = express.Router({ caseSensitive: true, strict: true });
  inner.use('/ping', proxy.handler);
  inner.use('/heartbeat', proxy.handler);
  inner.use(securityHeaders(site));
  inner.use(hostCheck(config));
  inner.use(site.assets.router);
  inner.get('/favicon.ico', (_req, res) => res.redirect(302, site.base + site.assets.url('favicon.svg')));
  inner.use(makeRouter(deps, site, mailedRoutes));
  inner.use(express.urlencoded({ extended: false, limit: '512kb', parameterLimit: 20_000 }));
  inner.use(csrfProtection(deps, site));
  inner.use(makeRouter(deps, site, routes(hub)));
  inner.use(nothingHere);

  if (site.base === '') app.use(inner);
  else app.use(site.base, inner);
  app.use(nothingHere);
  app.use(errorPages(deps, site));
  const listener = apiListener({ ...deps, delivery: site.messages.delivery }, app);
  return {
    listener(request, response) {
      request.url = pathOfTarget(request.url ?? '/');
      return listener(request, response);
    },
    async close() {
      hub.close();
      await proxy.close();
      await messages.close();
    },
  };
}
