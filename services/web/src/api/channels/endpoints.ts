import type { Endpoint } from '../http/endpoint.ts';
import { listChannels } from './list.ts';
import { create, get, remove, test, update } from './operations.ts';

const common = { tag: 'Integrations', cors: true } as const;

/** In v1 and v2 integrations can only be listed, as in the original; v3 has the rest. */
export const channelEndpoints: readonly Endpoint[] = [
  { ...common, path: '/api/v3/channels/', operations: { GET: listChannels, POST: create } },
  { ...common, path: '/api/v{version}/channels/', operations: { GET: listChannels } },
  { ...common, path: '/api/v3/channels/{uuid}', operations: { GET: get, POST: update, DELETE: remove } },
  { ...common, path: '/api/v3/channels/{uuid}/test', operations: { POST: test } },
];
