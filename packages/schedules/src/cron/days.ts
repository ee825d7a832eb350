import type { DayMask } from '../calendar/pattern.ts';
import type { CronFields, DaysOfMonth, DaysOfWeek } from './parse.ts';

/** C8: which days of a month a cron expression runs on, by the month's first weekday and its length. */
export function cronDayMask({ daysOfMonth, daysOfWeek, bothDayFields }: CronFields): DayMask {
  return (firstWeekday, length) => {
    let mask = 0;
    for (let day = 1; day <= length; day++) {
      const weekday = (firstWeekday + day - 1) % 7;
      const byDate = isDayOfMonth(daysOfMonth, day, weekday, length);
      const byWeekday = isDayOfWeek(daysOfWeek, day, weekday, length);
      if (bothDayFields ? byDate && byWeekday : byDate || byWeekday) mask |= 1 << (day - 1);
    }
    return mask;
  };
}

function isDayOfMonth(
  { days, lastDay, lastWorkday }: DaysOfMonth,
  day: number,
  weekday: number,
  length: number,
): boolean {
  if (days.has(day)) return true;
  if (lastDay && day === length) return true;
  if (!lastWorkday) return false;
  // The last day if that is a Monday to Friday, else the Friday before it.
  const daysLeft = length - day;
  if (weekday === 5) return daysLeft <= 2;
  return weekday >= 1 && weekday <= 4 && daysLeft === 0;
}

function isDayOfWeek({ every, last, nth }: DaysOfWeek, day: number, weekday: number, length: number): boolean {
  if (every.has(weekday)) return true;
  if (last.has(weekday) && day + 7 > length) return true;
  const n = Math.ceil(day / 7);
  return nth.some((item) => item.weekday === weekday && item.n === n);
}
