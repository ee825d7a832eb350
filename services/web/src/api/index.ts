import { Router } from 'express';
import type { ApiDeps } from './deps.ts';
import { allEndpoints } from './endpoints.ts';
import { dispatcher } from './http/dispatch.ts';

/**
 * Management API, badges, Prometheus metrics. Mount it at the root, before anything that reads bodies, sessions or
 * cookies: it answers what is its own and passes on everything else.
 */
export function apiRouter(deps: ApiDeps): Router {
  const dispatch = dispatcher(allEndpoints(deps), deps);
  const router = Router();
  router.use(async (request, response, next) => {
    if (!(await dispatch(request, response))) next();
  });
  return router;
}
