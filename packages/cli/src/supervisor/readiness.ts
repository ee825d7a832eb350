/** Asks the services' admin ports whether they are ready. */
import { get } from 'node:http';
import type { Config } from '@overdue/config';
import { adminPortVariable, type ServiceName } from '@overdue/observability';

/** Null: ready; else why not, in words. Takes at most three seconds. */
export function notReady(config: Config, service: ServiceName): Promise<string | null> {
  const port = config[adminPortVariable(service)];
  return new Promise((resolve) => {
    const request = get({ host: reachable(config.ADMIN_HOST), port, path: '/readyz', timeout: 3000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? null : text.trim().replaceAll('\n', ' ')));
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 3 seconds')));
    request.on('error', (error) => resolve(`${service} does not answer on its admin port: ${error.message}`));
  });
}

function reachable(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}
