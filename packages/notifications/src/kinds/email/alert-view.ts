import type { Account } from '../../message/message.ts';

/** What both parts of the mail say (notifications.md §7.3). */
export interface AlertView {
  readonly siteName: string;
  readonly siteRoot: string;
  readonly down: boolean;
  readonly name: string;
  /** Empty: unknown. */
  readonly reason: string;
  readonly downtime: string;
  readonly link: string;
  readonly desc: string;
  readonly project: string;
  readonly tags: readonly string[];
  readonly rawTags: string;
  readonly schedule: { readonly label: string; readonly value: string; readonly tz: string | null };
  readonly totalPings: string;
  readonly since: string;
  readonly lastPing: {
    readonly ago: string;
    readonly from: string | null;
    readonly type: string;
    readonly tone: 'good' | 'bad' | 'neutral';
    readonly subject: string | null;
    readonly n: number;
  } | null;
  readonly changedAt: string;
  readonly body: AlertBody | null;
  readonly overview: Account['projects'] | null;
  readonly unsubscribe: string;
}

export type AlertBody =
  | { readonly kind: 'text'; readonly text: string; readonly notice: string | null }
  | { readonly kind: 'attached' };
