/** Asks the services' admin ports whether they are ready. */
import { get } from 'node:http';
import type { Config } from '@overdue/config';
import { adminPortVariable, MAINTENANCE_REASON, type ServiceName } from '@overdue/observability';

/** Null: ready; else why not, in words. Takes at most three seconds. */
export async function notReady(config: Config, service: ServiceName): Promise<string | null> {
  const reasons = await reasonsOf(config, service);
  return reasons.length === 0 ? null : reasons.join(' ');
}

/** As {@link notReady}, but maintenance is no reason: a service in maintenance works. */
export async function notWorking(config: Config, service: ServiceName): Promise<string | null> {
  const reasons = (await reasonsOf(config, service)).filter((reason) => reason !== MAINTENANCE_REASON);
  return reasons.length === 0 ? null : reasons.join(' ');
}

async function reasonsOf(config: Config, service: ServiceName): Promise<string[]> {
  try {
    const { status, text } = await ask(config, service, '/readyz');
    return status === 200 ? [] : text.trim().split('\n');
  } catch (error) {
    return [`${service} does not answer on its admin port: ${(error as Error).message}`];
  }
}

/** Whether its process answers at all, whatever it says. Takes at most three seconds. */
export function answers(config: Config, service: ServiceName): Promise<boolean> {
  return ask(config, service, '/healthz').then(
    () => true,
    () => false,
  );
}

function ask(config: Config, service: ServiceName, path: string): Promise<{ status: number; text: string }> {
  const port = config[adminPortVariable(service)];
  return new Promise((resolve, reject) => {
    const request = get({ host: reachable(config.ADMIN_HOST), port, path, timeout: 3000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, text }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 3 seconds')));
    request.on('error', reject);
  });
}

function reachable(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}
