import type { Endpoint } from '../http/endpoint.ts';
import { listChannels } from './list.ts';

export const channelEndpoints: readonly Endpoint[] = [
  { path: '/api/v{version}/channels/', tag: 'Integrations', cors: true, operations: { GET: listChannels } },
];
