import { bench } from 'vitest';
import { applyPing } from './apply-ping.ts';
import { aCheck, utc } from './testing.ts';

// The ingester's hot path; `npx vitest bench --run packages/checks`. Each figure is a thousand pings.
const T = utc('2026-03-01T12:00');
const SCHEDULES = [
  { kind: 'simple', schedule: '* * * * *', tz: 'UTC' },
  { kind: 'cron', schedule: '30 2 * * 1-5', tz: 'Europe/Riga' },
  { kind: 'oncalendar', schedule: 'Mon..Fri 02:30', tz: 'Europe/Riga' },
] as const;

for (const fields of SCHEDULES) {
  for (const kind of ['success', 'start', 'log'] as const) {
    bench(`1000 × ${kind}, ${fields.kind}`, () => {
      let check = { ...aCheck({ ...fields, status: 'up', last_ping: T }), id: 1, code: '', methods: '' };
      for (let i = 0; i < 1000; i++) check = applyPing(check, { kind, rid: null, at: T + i * 1000 }).check;
    });
  }
}
