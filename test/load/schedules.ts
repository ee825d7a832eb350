import { compileSchedule } from '@overdue/schedules';
import type { Benchmark } from './harness.ts';

const CASES = [
  ['cron', '30 2 * * *', 'Europe/Riga'],
  ['cron', '*/5 * * * *', 'America/New_York'],
  ['oncalendar', 'Mon..Fri *-*-* 09:00', 'Europe/Berlin'],
] as const;

export const scheduleBenchmarks: readonly Benchmark[] = [
  {
    name: 'schedules',
    async run() {
      return CASES.map(([kind, expr, tz]) => {
        const schedule = compileSchedule(kind, expr, tz);
        let at = Date.UTC(2026, 0, 1);
        for (let i = 0; i < 20_000; i++) at = schedule.next(at)!; // warm-up
        at = Date.UTC(2026, 0, 1);
        const count = 100_000;
        const started = performance.now();
        for (let i = 0; i < count; i++) at = i % 1000 === 0 ? Date.UTC(2026, 0, 1) + i : schedule.next(at)!;
        const rate = count / ((performance.now() - started) / 1000);
        return { name: `next(${expr}, ${tz})`, value: rate, unit: '/s', bar: '100,000/s', ok: rate >= 100_000 };
      });
    },
  },
];
