import { expect, test } from 'vitest';
import { formatOccurrence, formatStamp } from './dates.ts';

const SUMMER = Date.UTC(2027, 6, 1, 12);
const WINTER = Date.UTC(2027, 0, 1, 12);

test.each([
  ['UTC', 'UTC', 'UTC'],
  ['Europe/Riga', 'EEST', 'EET'],
  ['Europe/London', 'BST', 'GMT'],
  ['America/New_York', 'EDT', 'EST'],
  ['America/St_Johns', 'NDT', 'NST'],
  ['Australia/Sydney', 'AEST', 'AEDT'],
  ['Asia/Kolkata', 'IST', 'IST'],
  ['Africa/Johannesburg', 'SAST', 'SAST'],
  ['Asia/Tokyo', 'GMT+9', 'GMT+9'],
  ['Etc/GMT+5', 'GMT-5', 'GMT-5'],
])('%s is %s in July and %s in January', (tz, summer, winter) => {
  expect(formatOccurrence(SUMMER, tz).split(' ').at(-1)).toBe(summer);
  expect(formatStamp(WINTER, tz).split(' ').at(-1)).toBe(winter);
});
