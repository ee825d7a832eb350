import { VirtualClock } from '@overdue/clock';
import { connect } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChangeListener } from './change-listener.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('who asks to have heard all there is has been told of all that was committed before', async () => {
  const nothing = () => {};
  const clock = new VirtualClock(0);
  const told: string[] = [];
  const listener = new ChangeListener({
    clock,
    open: () => connect({ target: database.target, applicationName: 'test', max: 1 }),
    changes: {
      check: (code) => void told.push(code),
      reset: nothing,
      project: nothing,
      pinged: nothing,
      asked: nothing,
    },
    timeoutMs: 2000,
  });
  expect(listener.whenHeard(nothing)).toBe(false);
  listener.start();
  await expect.poll(() => listener.whenHeard(nothing)).toBe(true);
  for (let i = 0; i < 20; i++) {
    const code = `change ${i}`;
    await database.sql.notify('check_changed', code);
    const order: string[] = [];
    await new Promise<void>((heard) => {
      listener.whenHeard(() => void order.push('one', told.at(-1)!));
      listener.whenHeard(() => void order.push('two'));
      listener.whenHeardTheLast(() => {
        order.push('last');
        heard();
      });
    });
    expect(order).toEqual(['one', code, 'two', 'last']);
  }

  // An answer that does not come is not waited for; until one does, nobody waits.
  let waiting = 2;
  const gaveUp = () => void waiting--;
  listener.whenHeard(gaveUp);
  listener.whenHeard(gaveUp);
  while (clock.fireNext(clock.now() + 1500));
  expect(waiting).toBe(0);
  expect([listener.whenHeard(nothing), listener.whenHeardTheLast(nothing)]).toEqual([false, false]);
  await expect.poll(() => listener.whenHeard(nothing)).toBe(true);

  await listener.stop();
  expect(listener.whenHeard(nothing)).toBe(false);
});
