import type { CheckState } from './check.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** An instant from ISO 8601 text in UTC: `2020-01-15`, `2023-10-29T00:55`. */
export function utc(text: string): number {
  return Date.parse(text.includes('T') ? `${text}Z` : `${text}T00:00Z`);
}

/** A new check with the defaults of ping-api.md §1, but for what is given. */
export function aCheck(fields: Partial<CheckState> = {}): CheckState {
  return {
    kind: 'simple',
    timeout: 86_400,
    grace: 3600,
    schedule: '* * * * *',
    tz: 'UTC',
    status: 'new',
    manual_resume: false,
    n_pings: 0,
    last_ping: null,
    last_start: null,
    last_start_rid: null,
    last_duration_ms: null,
    alert_after: null,
    ...fields,
  };
}
