import type { WebDeps } from '../deps.ts';
import { applicationEndpoints } from './applications/endpoints.ts';
import { badgeEndpoints } from './badges/endpoints.ts';
import { badgeStore } from './badges/store.ts';
import { channelEndpoints } from './channels/endpoints.ts';
import { checkEndpoints } from './checks/endpoints.ts';
import { explainEndpoints } from './explain/endpoints.ts';
import { flipEndpoints } from './flips/endpoints.ts';
import type { Endpoint } from './http/endpoint.ts';
import { openApiEndpoints } from './openapi/endpoints.ts';
import { pingEndpoints } from './pings/endpoints.ts';
import { prometheusEndpoints } from './prometheus/endpoints.ts';
import { bounceEndpoints } from './service/bounces.ts';
import { deliveryReportEndpoints } from './service/delivery-reports.ts';
import { metricsEndpoints } from './service/metrics.ts';
import { statusEndpoints } from './service/status.ts';

/** Every address that the management API, badges and Prometheus have, in the order in which they are tried. */
export function allEndpoints(deps: Pick<WebDeps, 'database' | 'clock' | 'secretKey'>): readonly Endpoint[] {
  const endpoints = [
    ...badgeEndpoints(deps, badgeStore(deps)),
    ...checkEndpoints,
    ...pingEndpoints,
    ...flipEndpoints,
    ...explainEndpoints,
    ...channelEndpoints,
    ...statusEndpoints,
    ...metricsEndpoints,
    ...deliveryReportEndpoints,
    ...bounceEndpoints,
    ...prometheusEndpoints,
    ...applicationEndpoints,
  ];
  return [...endpoints, ...openApiEndpoints(endpoints)];
}
