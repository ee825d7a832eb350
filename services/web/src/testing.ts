/** The whole web service on a real database, and visitors to it, for tests. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import type { Database } from '@overdue/database';
import { request } from 'undici';
import { createApp } from './app.ts';
import type { WebDeps } from './deps.ts';

export const SECRET_KEY = 'a secret key that only tests use, of some length';

/** With it SMS, calls and WhatsApp can be set up. */
export const TWILIO_ENV = {
  TWILIO_ACCOUNT: 'a',
  TWILIO_AUTH: 'b',
  TWILIO_FROM: '+15550100',
  TWILIO_USE_WHATSAPP: 'True',
  TWILIO_MESSAGING_SERVICE_SID: 'm',
  WHATSAPP_DOWN_CONTENT_SID: 'd',
  WHATSAPP_UP_CONTENT_SID: 'u',
};

export interface TestSite {
  readonly url: string;
  readonly deps: WebDeps;
  /** What was logged as an error. */
  readonly errors: object[];
  /** Somebody with a browser of their own. */
  visitor(): Visitor;
  close(): Promise<void>;
}

export async function startTestSite(
  database: Database,
  options: { readonly env?: Record<string, string>; readonly clock?: Clock } = {},
): Promise<TestSite> {
  const errors: object[] = [];
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const deps: WebDeps = {
    config: loadConfig({ SECRET_KEY, SITE_ROOT: url, ...options.env }),
    database,
    clock: options.clock ?? systemClock,
    logger: { info() {}, warn() {}, error: (fields) => void errors.push(fields) },
    secretKey: SECRET_KEY,
  };
  const app = createApp(deps);
  server.on('request', app.listener);
  return {
    url,
    deps,
    errors,
    visitor: () => new Visitor(url),
    async close() {
      await app.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly location: string | null;
  readonly text: string;
}

export type Fields = Record<string, string | readonly string[]>;

/** Keeps cookies, follows nothing by itself. */
export class Visitor {
  readonly #url: string;
  readonly cookies = new Map<string, string>();

  constructor(url: string) {
    this.#url = url;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send('GET', path, headers);
  }

  /** Sends fields as a form, as they are: without a token unless they hold one. */
  post(path: string, fields: Fields = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const body = new URLSearchParams(
      Object.entries(fields).flatMap(([name, value]) =>
        (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
      ),
    );
    return this.#send('POST', path, headers, body);
  }

  /** What a browser does: loads `page`, fills in its form, sends it to `action` (default: the same address). */
  async submit(page: string, fields: Fields = {}, action: string = page): Promise<Answer> {
    const token = /name="_csrf" value="([^"]+)"/.exec((await this.get(page)).text)?.[1];
    if (!token) throw new Error(`There is no form on ${page}`);
    return this.post(action, { _csrf: token, ...fields });
  }

  async signIn(email: string, password: string): Promise<Answer> {
    return this.submit('/accounts/login/', { email, password });
  }

  async #send(method: string, path: string, headers: Record<string, string>, body?: URLSearchParams): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await request(this.#url + path, {
      method: method as 'GET',
      headers: {
        ...(cookie ? { cookie } : {}),
        ...(body ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        ...headers,
      },
      body: body?.toString() ?? null,
    });
    const received = new Headers();
    for (const [name, value] of Object.entries(response.headers)) {
      for (const one of [value ?? []].flat()) received.append(name, one);
    }
    for (const line of received.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (/max-age=0/i.test(line)) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return {
      status: response.statusCode,
      headers: received,
      location: received.get('location'),
      text: await response.body.text(),
    };
  }
}
