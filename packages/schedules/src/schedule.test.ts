import { expect, test } from 'vitest';
import { scheduleBench } from './bench.ts';
import { compileSchedule, ScheduleError } from './index.ts';

test('equal arguments give the same object; kind, zone and text all count', () => {
  const schedule = compileSchedule('cron', '0 12 * * *', 'Europe/Riga');
  expect(compileSchedule('cron', '0 12 * * *', 'Europe/Riga')).toBe(schedule);
  expect(schedule).toMatchObject({ kind: 'cron', expr: '0 12 * * *', tz: 'Europe/Riga' });
  expect(compileSchedule('cron', '0 12 * * * ', 'Europe/Riga')).not.toBe(schedule);
  expect(compileSchedule('cron', '0 12 * * *', 'UTC')).not.toBe(schedule);
});

test('a wrong zone or text is refused', () => {
  expect(() => compileSchedule('cron', '* * * * *', 'utc')).toThrow(new ScheduleError('Unknown time zone'));
  expect(() => compileSchedule('cron', '* * * *', 'UTC')).toThrow(new ScheduleError('Wrong number of fields'));
  expect(() => compileSchedule('oncalendar', '* * * * *', 'UTC')).toThrow(new ScheduleError('Bad day-of-week'));
});

test('the benchmark runs', () => {
  for (const figure of scheduleBench(1000)) expect(figure.evaluationsPerSecond).toBeGreaterThan(0);
});
