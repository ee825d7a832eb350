import { systemClock } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import { type HttpAnswer, HttpClient, type HttpRequest } from '../http/client.ts';
import { findKind } from '../kinds.ts';
import { Mailer } from '../mail/mailer.ts';
import type { Facts, LastPing } from '../message/facts.ts';
import { Message, type Tools } from '../message/message.ts';
import type { NotificationOptions } from '../options.ts';
import type { TransportResult } from '../result.ts';

/** 2026-11-21 12:00:00 UTC */
export const NOON = Date.UTC(2026, 10, 21, 12);

export const OPTIONS: NotificationOptions = {
  siteRoot: 'https://site.test',
  siteName: 'Watch',
  siteLogoUrl: null,
  pingEndpoint: 'https://ping.test/',
  secretKey: 'secret',
  email: {
    host: '',
    port: 25,
    user: '',
    password: '',
    useTls: false,
    useSsl: false,
    from: '"Watch" <watch@example.org>',
    mailFromTemplate: null,
  },
  http: { allowPrivateAddresses: true, httpProxy: null, httpsProxy: null, noProxy: [] },
  webhooksEnabled: true,
  shellEnabled: true,
  disabledKinds: new Set(),
  telegramToken: null,
  matrix: null,
  pushover: null,
  ntfyShToken: null,
};

/** Facts of a check that went down at noon; `check`, `flip` and the rest as given. */
export function facts(
  kind: string,
  changes: {
    check?: Partial<Facts['check']>;
    flip?: Partial<Facts['flip']>;
    channel?: Partial<Facts['channel']>;
    project?: Partial<Facts['project']>;
    lastPing?: Partial<LastPing> | null;
    downSince?: number;
    test?: boolean;
  } = {},
): Facts {
  return {
    deliveryId: '11111111-2222-4333-8444-555555555555',
    test: changes.test ?? false,
    channel: {
      id: 1,
      code: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
      kind,
      name: '',
      value: {},
      emailVerified: true,
      disabled: false,
      ...changes.channel,
    },
    check: {
      id: null,
      code: '0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8d',
      name: 'Nightly <dump>',
      slug: 'nightly-dump',
      tags: 'db prod',
      desc: 'pg_dump & upload',
      badge_key: '9e8d7c6b-5a4f-4e3d-8c2b-1a0f9e8d7c6b',
      kind: 'simple',
      timeout: 86_400,
      grace: 3600,
      schedule: '30 2 * * *',
      tz: 'Europe/Riga',
      methods: '',
      manual_resume: false,
      filter_subject: false,
      filter_body: false,
      filter_http_body: false,
      filter_default_fail: false,
      start_kw: '',
      success_kw: '',
      failure_kw: '',
      created_at: NOON - 30 * 86_400_000,
      status: 'down',
      n_pings: 412,
      last_ping: NOON - 25 * 3_600_000,
      last_start: null,
      last_start_rid: null,
      last_duration_ms: null,
      alert_after: null,
      ...changes.check,
    },
    project: {
      id: 1,
      code: 'cccccccc-dddd-4eee-8fff-000000000000',
      name: 'Backups & more',
      ownerId: 1,
      ownerEmail: 'owner@example.org',
      ownerTz: 'Europe/Riga',
      ...changes.project,
    },
    flip: { at: NOON, oldStatus: 'up', newStatus: 'down', reason: 'timeout', ...changes.flip },
    downSince: changes.downSince ?? null,
    lastPing:
      changes.lastPing === null
        ? null
        : {
            n: 412,
            at: NOON - 25 * 3_600_000,
            kind: 'success',
            scheme: 'https',
            remoteAddr: '192.0.2.7',
            exitStatus: null,
            bodySize: 0,
            ...changes.lastPing,
          },
  };
}

/** A message without a database: what queries would answer is given. */
export class FakeMessage extends Message<unknown> {
  body: Buffer | null = null;
  others: Awaited<ReturnType<Message['otherChecks']>> = null;
  account: Awaited<ReturnType<Message['accountOf']>> = null;
  override lastBody = async () => this.body;
  override otherChecks = async () => this.others;
  override accountOf = async () => this.account;
  readonly notified: string[] = [];
  rateLimited = false;
  override mayNotify = async (kind: string, recipient: string) => {
    this.notified.push(`${kind} ${recipient}`);
    return !this.rateLimited;
  };
  override channelCodes = async () => ['aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'];
}

export function tools(options: Partial<NotificationOptions> = {}): Tools {
  const all = { ...OPTIONS, ...options };
  return {
    sql: undefined as unknown as Sql,
    clock: { ...systemClock, now: () => NOON + 60_000 },
    options: all,
    http: new HttpClient(all.http, systemClock),
    mailer: new Mailer(all.email),
  };
}

/** Calls a local server in place of every other, and tells it whom it stands for in the header `for`. */
export class StandInClient extends HttpClient {
  readonly #url: string;

  constructor(url: string) {
    super(OPTIONS.http, systemClock);
    this.#url = url;
  }

  override request(first: HttpRequest): Promise<HttpAnswer> {
    const url = new URL(first.url);
    return super.request({
      ...first,
      url: this.#url + url.pathname + url.search,
      headers: { ...first.headers, for: url.origin },
    });
  }
}

/** Sends one message over a kind, as the delivery does. */
export async function sendVia(
  about: Facts,
  value: unknown,
  with_: Tools,
  more: Partial<Pick<FakeMessage, 'body' | 'others' | 'account' | 'rateLimited'>> = {},
): Promise<TransportResult> {
  const kind = findKind(about.channel.kind)!;
  const message = Object.assign(new FakeMessage(about, kind.schema.parse(value), with_), more);
  return await kind.send(message);
}
