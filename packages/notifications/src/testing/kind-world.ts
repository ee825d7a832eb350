import { uniqueKey } from '@overdue/checks';
import { afterEach, beforeEach } from 'vitest';
import type { NotificationOptions } from '../options.ts';
import type { TransportResult } from '../result.ts';
import { facts, NOON, StandInClient, sendVia, tools } from './fixtures.ts';
import { type HttpReceiver, startHttpReceiver } from './receivers.ts';

export const KEY = uniqueKey('0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8d');
export const CLOAKED = `https://site.test/cloaked/${KEY}/`;
export const REASON = 'success signal did not arrive on time, grace time passed';
export const UP = {
  flip: { newStatus: 'up', oldStatus: 'down', reason: '' },
  downSince: NOON - 3_723_000,
} as const;
export const CRON = { check: { kind: 'cron', schedule: '*/5 2 * * *' } } as const;

/** Everything switched on. */
const ALL: Partial<NotificationOptions> = {
  telegramToken: 'TOKEN',
  matrix: { homeserver: 'https://matrix.test', accessToken: 'SECRET' },
  pushover: { token: 'APP', emergencyRetryDelay: 300, emergencyExpiration: 86_400 },
  ntfyShToken: 'NTFY',
  trelloAppKey: 'TRELLO',
};

/** A stored value for each kind that posts to somebody else's server. */
export const VALUES: Record<string, unknown> = {
  discord: 'https://discordapp.com/api/webhooks/1/x',
  googlechat: 'https://chat.googleapis.com/v1/spaces/x',
  gotify: { url: 'https://gotify.test/sub', token: 'T', priority: 9, priority_up: 2 },
  matrix: '!room:matrix.test',
  mattermost: 'https://mm.test/hooks/x',
  msteamsw: 'https://teams.test/x',
  ntfy: { topic: 'alerts', url: 'https://ntfy.sh', token: null, priority: 5, priority_up: 3 },
  opsgenie: { region: 'eu', key: 'K' },
  pagertree: 'https://api.pagertree.com/x',
  pd: 'SERVICE',
  po: 'USER|2|0',
  pushbullet: 'PB',
  rocketchat: 'https://rc.test/hooks/x',
  slack: 'https://hooks.slack.com/services/x',
  spike: 'https://api.spike.sh/x',
  telegram: { id: -100, type: 'group', name: 'Ops', thread_id: 7 },
  trello: { token: 'T', list_id: '0123456789abcdef', board_name: 'B', list_name: 'L' },
  victorops: 'https://alert.victorops.com/x',
  zulip: {
    bot_email: 'bot@zulip.test',
    api_key: 'K',
    site: 'https://zulip.test',
    mtype: 'stream',
    to: 'ops',
    topic: '',
  },
};

/** A receiver in place of everybody else's servers, for each test of a file, and what was sent to it. */
export class KindWorld {
  receiver!: HttpReceiver;

  constructor() {
    beforeEach(async () => {
      this.receiver = await startHttpReceiver();
    });
    afterEach(() => this.receiver.close());
  }

  /** Sends one message over a kind: about a check that went down at noon, with `changes`. */
  async send(
    kind: string,
    changes: Parameters<typeof facts>[1] = {},
    more: Parameters<typeof sendVia>[3] = {},
    options: Partial<NotificationOptions> = {},
    value = VALUES[kind],
  ): Promise<TransportResult> {
    const http = new StandInClient(this.receiver.url);
    try {
      return await sendVia(facts(kind, changes), value, { ...tools({ ...ALL, ...options }), http }, more);
    } finally {
      await http.close();
    }
  }

  /** The body of the nth request, which was JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at parts of it by name
  json(i = 0): any {
    return JSON.parse(this.receiver.requests[i]!.body);
  }

  /** The body of the nth request, which was a form. */
  form(i = 0): Record<string, string> {
    return Object.fromEntries(new URLSearchParams(this.receiver.requests[i]!.body));
  }

  /** The address to which the nth request was sent. */
  calledAt(i = 0): string {
    return `${this.receiver.requests[i]!.headers.for}${this.receiver.requests[i]!.url}`;
  }
}
