import express, { type Express } from 'express';
import { apiRouter } from './api/index.ts';
import type { WebDeps } from './deps.ts';

/**
 * The whole HTTP application. Order matters: the management API, badges and Prometheus metrics come before sessions,
 * CSRF and the Host check, because their callers have keys and no cookies.
 */
export function createApp(deps: WebDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use(apiRouter(deps));
  return app;
}
