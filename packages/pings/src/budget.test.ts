import { VirtualClock } from '@overdue/clock';
import { describe, expect, test } from 'vitest';
import { commitPatience, lookUpPatience } from './budget.ts';
import { Deadline, TimedOutError } from './within.ts';

describe('one budget for a ping: 2000 ms from its arrival', () => {
  test.each([
    ['just arrived', 0, 1500],
    ['waited half a second', 500, 1000],
    ['its look-up took all that it may', lookUpPatience(2000), 500],
    ['waited almost to the end', 1999, 500],
    ['no time is left', 2000, null],
    ['the clock was set back', -86_400_000, 1500],
    ['nobody waits', Number.NEGATIVE_INFINITY, 1500],
  ])('%s', (_name, age, patience) => {
    expect(commitPatience(2000, age)).toBe(patience);
  });

  test('look-up and commit together', () => {
    const waited = lookUpPatience(2000);
    expect(waited + commitPatience(2000, waited)!).toBe(2000);
  });
});

describe('a deadline', () => {
  const never = new Promise<never>(() => {});

  async function expiresAt(use: (clock: VirtualClock, deadline: Deadline) => void): Promise<number> {
    const clock = new VirtualClock(0);
    const deadline = new Deadline(clock, 1000);
    const expired = deadline.wait(never).catch((error) => {
      expect(error).toBeInstanceOf(TimedOutError);
      return clock.now();
    });
    use(clock, deadline);
    await clock.advance(5000);
    return expired;
  }

  test('comes in time', async () => {
    expect(await expiresAt(() => {})).toBe(1000);
  });

  test('is brought forward, and never put off', async () => {
    const when = await expiresAt((clock, deadline) => {
      clock.after(100, () => deadline.bringForward(200));
      clock.after(200, () => deadline.bringForward(700));
    });
    expect(when).toBe(300);
  });

  test('is what is left for a second attempt', async () => {
    const clock = new VirtualClock(0);
    const deadline = new Deadline(clock, 1000);
    await clock.advance(900);
    await expect(deadline.wait(Promise.resolve('done'))).resolves.toBe('done');
    const expired = deadline.wait(never).catch(() => clock.now());
    await clock.advance(5000);
    expect(await expired).toBe(1000);
  });
});
