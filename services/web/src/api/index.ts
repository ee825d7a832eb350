import { Router } from 'express';
import type { WebDeps } from '../deps.ts';

/** Management API, badges, Prometheus metrics. */
export function apiRouter(_deps: WebDeps): Router {
  return Router();
}
