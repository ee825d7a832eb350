import { expect, test } from 'vitest';
import { Gate } from './gate.ts';

function gate(options = {}) {
  const clock = { now: 0, monotonic: () => clock.now };
  return { clock, gate: new Gate({ clock, ...options }) };
}

test('so many to one destination at once, and others are not concerned', () => {
  const { gate: g } = gate({ perDestination: 2 });
  expect([g.enter('a').kind, g.enter('a').kind, g.enter('a').kind, g.enter('b').kind]).toEqual([
    'go',
    'go',
    'full',
    'go',
  ]);
  g.leave('a', null);
  expect(g.enter('a').kind).toBe('go');
});

test('each failure in a row halves what may be under way', () => {
  const { gate: g } = gate({ perDestination: 8 });
  g.enter('a');
  g.leave('a', 'down');
  expect(Array.from({ length: 5 }, () => g.enter('a').kind)).toEqual(['go', 'go', 'go', 'go', 'full']);
});

test('five failures in a row open it, for longer each time; one message probes; success closes it', () => {
  const { clock, gate: g } = gate();
  for (let i = 0; i < 4; i++) {
    expect(g.enter('a').kind).toBe('go');
    expect(g.leave('a', 'Connection failed')).toBeUndefined();
  }
  g.enter('a');
  expect(g.leave('a', 'Connection failed')).toEqual({ opened: 5000 });
  expect(g.open()).toEqual(['a']);
  expect(g.enter('a')).toEqual({ kind: 'open', waitFor: 5000, lastError: 'Connection failed' });
  clock.now = 5000;
  expect(g.enter('a').kind).toBe('go');
  expect(g.enter('a').kind).toBe('open');
  expect(g.leave('a', 'Connection failed')).toEqual({ opened: 10_000 });
  clock.now = 14_999;
  expect(g.enter('a').kind).toBe('open');
  clock.now = 15_000;
  expect(g.enter('a').kind).toBe('go');
  expect(g.leave('a', null)).toBe('recovered');
  expect(g.open()).toEqual([]);
  expect(g.enter('a').kind).toBe('go');
});

test('those under way when it opened do not make it open for longer', () => {
  const { clock, gate: g } = gate();
  for (let i = 0; i < 8; i++) g.enter('a');
  for (let i = 0; i < 4; i++) g.leave('a', 'x');
  expect(g.leave('a', 'x')).toEqual({ opened: 5000 });
  for (let i = 0; i < 3; i++) expect(g.leave('a', 'x')).toBeUndefined();
  clock.now = 5000;
  expect(g.enter('a').kind).toBe('go');
});

test('it opens for five minutes at most', () => {
  const { clock, gate: g } = gate();
  let opened = 0;
  for (let i = 0; i < 40; i++) {
    g.enter('a');
    const change = g.leave('a', 'x');
    if (typeof change === 'object') {
      opened = change.opened;
      clock.now += opened;
    }
  }
  expect(opened).toBe(300_000);
});

test('an answer that is an error for one message is a sign of life', () => {
  const { gate: g } = gate();
  for (let i = 0; i < 20; i++) {
    g.enter('a');
    g.leave('a', i % 2 ? 'x' : null);
  }
  expect(g.enter('a').kind).toBe('go');
});
