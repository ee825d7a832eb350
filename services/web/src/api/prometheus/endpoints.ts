import { findProjectByApiKey } from '@overdue/accounts';
import { RESPONSES } from '../http/common.ts';
import type { Call, Endpoint, OpenOperation, ResponseDescription } from '../http/endpoint.ts';
import { empty, type Reply, text } from '../http/reply.ts';
import { exposition } from './exposition.ts';
import { measureChecks } from './measure.ts';

const responses: Readonly<Record<number, ResponseDescription>> = {
  200: { description: 'The metrics, in the text format of Prometheus.', contentType: 'text/plain' },
  400: { description: 'That is not a key: it is not 32 characters long.' },
  403: { description: 'Not a read-only key of any project.' },
  404: { description: 'The endpoint is switched off.' },
  503: RESPONSES.away,
};

/** M-85…M-88. The project in the path is not looked at: the key says which one (M-87). */
async function metrics({ deps }: Call, key: string): Promise<Reply> {
  if ([...key].length !== 32) return empty(400);
  const holder = await findProjectByApiKey(deps.database, deps.secretKey, key);
  if (!holder?.readOnly) return empty(403);
  const now = deps.clock.now();
  return text(exposition(await measureChecks(deps.database, holder.project.id, now), now), 'text/plain');
}

/** Nothing else is told while the endpoint is off. */
function whenOn(handle: OpenOperation['handle']): OpenOperation['handle'] {
  return (call) => (call.deps.config.PROMETHEUS_ENABLED ? handle(call) : empty(404));
}

const withKey: OpenOperation = {
  id: 'getMetrics',
  summary: "The project's metrics, the key in the path",
  key: 'none',
  head: true,
  responses,
  handle: whenOn((call) => metrics(call, call.params.key!)),
};

const withHeader: OpenOperation = {
  id: 'getMetricsWithHeader',
  summary: "The project's metrics, the key in the header",
  description: 'Needs the header `Authorization: Bearer KEY` with a read-only API key.',
  key: 'none',
  credential: 'readOnlyKey',
  head: true,
  responses: { ...responses, 401: { description: 'There is no `Authorization: Bearer` header.' } },
  handle: whenOn((call) => {
    const header = call.headers.authorization ?? '';
    return header.startsWith('Bearer ') ? metrics(call, header.slice('Bearer '.length)) : empty(401);
  }),
};

const common = { tag: 'Prometheus', cors: false, allow: true } as const;

export const prometheusEndpoints: readonly Endpoint[] = [
  { ...common, path: '/projects/{uuid}/metrics/', operations: { GET: withHeader } },
  { ...common, path: '/projects/{uuid}/metrics/{key}', operations: { GET: withKey } },
  {
    ...common,
    path: '/projects/{uuid}/checks/metrics/{key}',
    operations: {
      GET: { ...withKey, id: 'getMetricsOldForm', summary: "The project's metrics, the address of former times" },
    },
  },
];
