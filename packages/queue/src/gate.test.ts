import { describe, expect, test } from 'vitest';
import { Gate } from './gate.ts';

const R = '1 down';

function gate(options = {}) {
  const clock = { now: 0, monotonic: () => clock.now };
  return { clock, gate: new Gate({ clock, ...options }) };
}

test('so many to one destination at once, and others are not concerned', () => {
  const { gate: g } = gate({ perDestination: 2 });
  expect([g.enter('a', R).kind, g.enter('a', R).kind, g.enter('a', R).kind, g.enter('b', R).kind]).toEqual([
    'go',
    'go',
    'full',
    'go',
  ]);
  g.leave('a', R, null);
  expect(g.enter('a', R).kind).toBe('go');
});

test('each failure in a row halves what may be under way', () => {
  const { gate: g } = gate({ perDestination: 8 });
  g.enter('a', R);
  g.leave('a', R, 'down');
  expect(Array.from({ length: 5 }, () => g.enter('a', R).kind)).toEqual(['go', 'go', 'go', 'go', 'full']);
});

test('five failures in a row open it, for longer each time; one message probes; success closes it', () => {
  const { clock, gate: g } = gate();
  for (let i = 0; i < 4; i++) {
    expect(g.enter('a', R).kind).toBe('go');
    expect(g.leave('a', R, 'Connection failed')).toBeUndefined();
  }
  g.enter('a', R);
  expect(g.leave('a', R, 'Connection failed')).toEqual({ kind: 'opened', for: 5000, routes: [R] });
  expect(g.open()).toEqual(['a']);
  expect(g.enter('a', R)).toEqual({ kind: 'open', waitFor: 5000, lastError: 'Connection failed' });
  clock.now = 5000;
  expect(g.enter('a', R).kind).toBe('go');
  expect(g.enter('a', R).kind).toBe('open');
  expect(g.leave('a', R, 'Connection failed')).toEqual({ kind: 'opened', for: 10_000, routes: [R] });
  clock.now = 14_999;
  expect(g.enter('a', R).kind).toBe('open');
  clock.now = 15_000;
  expect(g.enter('a', R).kind).toBe('go');
  expect(g.leave('a', R, null)).toEqual({ kind: 'recovered', routes: [R] });
  expect(g.open()).toEqual([]);
  expect(g.enter('a', R).kind).toBe('go');
});

test('those under way when it opened do not make it open for longer', () => {
  const { clock, gate: g } = gate();
  for (let i = 0; i < 8; i++) g.enter('a', R);
  for (let i = 0; i < 4; i++) g.leave('a', R, 'x');
  expect(g.leave('a', R, 'x')).toEqual({ kind: 'opened', for: 5000, routes: [R] });
  for (let i = 0; i < 3; i++) expect(g.leave('a', R, 'x')).toBeUndefined();
  clock.now = 5000;
  expect(g.enter('a', R).kind).toBe('go');
});

test('it opens for five minutes at most', () => {
  const { clock, gate: g } = gate();
  let opened = 0;
  for (let i = 0; i < 40; i++) {
    g.enter('a', R);
    const change = g.leave('a', R, 'x');
    if (change?.kind === 'opened') {
      opened = change.for;
      clock.now += opened;
    }
  }
  expect(opened).toBe(300_000);
});

test('an answer that is an error for one message is a sign of life', () => {
  const { gate: g } = gate();
  for (let i = 0; i < 20; i++) {
    g.enter('a', R);
    g.leave('a', R, i % 2 ? 'x' : null);
  }
  expect(g.enter('a', R).kind).toBe('go');
});

describe('one address may fail where others answer', () => {
  /** Five failures of one route, and so an open breaker. */
  function open() {
    const made = gate();
    for (let i = 0; i < 5; i++) {
      made.gate.enter('a', R);
      made.gate.leave('a', R, 'Connection timed out');
    }
    return made;
  }

  test('while it is left alone, a route that has not failed may try, one message at a time', () => {
    const { gate: g } = open();
    expect(g.waiting('a', [R, '2 down', '3 down'])).toEqual([R]);
    expect(g.enter('a', '2 down').kind).toBe('go');
    expect(g.enter('a', '3 down')).toMatchObject({ kind: 'open', waitFor: 1000 });
    expect(g.waiting('a', [R, '2 down', '3 down'])).toEqual([R, '2 down', '3 down']);
  });

  test('its answer lets the others through, and says nothing for those that failed', () => {
    const { gate: g } = open();
    g.enter('a', '2 down');
    expect(g.leave('a', '2 down', null)).toBeUndefined();
    expect(g.enter('a', R).kind).toBe('go');
  });

  test('its failure makes it wait, and nobody longer', () => {
    const { clock, gate: g } = open();
    clock.now = 3000;
    g.enter('a', '2 down');
    expect(g.leave('a', '2 down', 'Connection timed out')).toBeUndefined();
    expect(g.enter('a', '2 down')).toMatchObject({ kind: 'open', waitFor: 2000 });
    expect(g.enter('a', '3 down').kind).toBe('go');
  });

  test('when the time is over, anybody’s answer is for all that failed', () => {
    const { clock, gate: g } = open();
    clock.now = 5000;
    g.enter('a', '2 down');
    expect(g.leave('a', '2 down', null)).toEqual({ kind: 'recovered', routes: [R] });
  });

  test('when ten have failed it is the destination, and nobody tries until the time is over', () => {
    const { clock, gate: g } = open();
    for (let i = 2; i <= 10; i++) {
      expect(g.enter('a', `${i} down`).kind).toBe('go');
      g.leave('a', `${i} down`, 'Connection timed out');
    }
    expect(g.enter('a', '11 down')).toMatchObject({ kind: 'open', waitFor: 5000 });
    clock.now = 5000;
    expect(g.enter('a', '11 down').kind).toBe('go');
    expect(g.leave('a', '11 down', null)).toEqual({ kind: 'recovered', routes: 'all' });
  });

  test('before it opens, what failed keeps to its own times, however often others answer', () => {
    const { gate: g } = gate();
    for (let i = 0; i < 20; i++) {
      g.enter('a', R);
      expect(g.leave('a', R, 'Received status code 503')).toBeUndefined();
      g.enter('a', '2 down');
      expect(g.leave('a', '2 down', null)).toBeUndefined();
    }
  });
});
