import type { RequestListener } from 'node:http';
import type { ApiDeps } from './deps.ts';
import { allEndpoints } from './endpoints.ts';
import { dispatcher } from './http/dispatch.ts';

/**
 * Management API, badges, Prometheus metrics. It answers what is its own and hands everything else to `otherwise`.
 * In front of Express and not in it: a badge takes 90 µs of CPU so, and took 200 behind Express and its routers.
 */
export function apiListener(deps: ApiDeps, otherwise: RequestListener): RequestListener {
  const dispatch = dispatcher(allEndpoints(deps), deps);
  return (request, response) => {
    dispatch(request, response).then(
      (answered) => answered || otherwise(request, response),
      (error: unknown) => {
        deps.logger.error({ err: error, url: request.url }, 'API: an answer could not be written');
        response.destroy();
      },
    );
  };
}
