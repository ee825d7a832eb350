import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alertAfter, type Gap } from './amnesty.ts';
import { applyPing } from './apply-ping.ts';
import { displayStatus } from './display.ts';
import { explainLateness, goDown } from './go-down.ts';
import { applyApiUpdate } from './manual.ts';
import { aCheck, HOUR, MINUTE, SECOND, utc } from './testing.ts';

const gap = (from: string, until: string): Gap => ({ from: utc(from), until: utc(until) });
const day = '2026-03-02T';

// Awaits a ping from 12:00 to 12:30, every two hours.
const simple = aCheck({ status: 'up', timeout: 7200, grace: 1800, last_ping: utc(`${day}10:00`) });

describe('a simple check', () => {
  test.each([
    ['before the window', '11:00', '11:59', '12:30'],
    ['that swallowed a ping a little early', '11:00', '11:59:01', '14:30'],
    ['that ends when the ping is expected', '11:00', '12:00', '14:30'],
    ['over its beginning', '11:00', '12:01', '14:30'],
    ['within it', '12:10', '12:11', '14:30'],
    ['over its end', '12:29', '12:40', '14:30'],
    ['after it', '12:30', '12:40', '12:30'],
    ['up to an expected run', '12:10', '14:00', '14:30'],
    ['over an expected run', '12:10', '14:01', '16:30'],
    ['of many periods', '11:00', '21:00', '22:30'],
  ])('gap %s (%s to %s): due %s', (_, from, until, due) => {
    expect(alertAfter(simple, [gap(day + from, day + until)])).toBe(utc(day + due));
  });

  test('several gaps, in any order: a moved window may be moved again', () => {
    const gaps = [
      gap(`${day}14:15`, `${day}14:20`),
      gap(`${day}12:15`, `${day}12:20`),
      gap(`${day}13:00`, `${day}13:10`),
    ];
    expect(alertAfter(simple, gaps)).toBe(utc(`${day}16:30`));
    expect(explainLateness(simple, gaps)).toMatchObject({
      rule: 'timeout',
      expected: utc(`${day}12:00`),
      deadline: utc(`${day}16:30`),
      held: {
        deadline: utc(`${day}12:30`),
        gaps: [
          [utc(`${day}12:15`), utc(`${day}12:20`)],
          [utc(`${day}14:15`), utc(`${day}14:20`)],
        ],
      },
    });
  });
});

test.each([
  ['cron', '0 2 * * *'],
  ['oncalendar', '*-*-* 02:00:00'],
] as const)('a check of kind %s is given until its next occurrence', (kind, schedule) => {
  const tz = 'Europe/Riga';
  const nightly = aCheck({ status: 'up', kind, schedule, tz, grace: 1800, last_ping: utc('2026-03-01T00:00:10') });
  expect(alertAfter(nightly)).toBe(utc('2026-03-02T00:30'));
  expect(alertAfter(nightly, [gap('2026-03-02T00:10', '2026-03-02T00:11')])).toBe(utc('2026-03-03T00:30'));
  // Recovered just in time for an occurrence, and just too late for it.
  expect(alertAfter(nightly, [gap('2026-03-02T00:10', '2026-03-05T00:00')])).toBe(utc('2026-03-05T00:30'));
  expect(alertAfter(nightly, [gap('2026-03-02T00:10', '2026-03-05T00:00:01')])).toBe(utc('2026-03-06T00:30'));
});

test('how early a ping may be: no more than a tenth of the period or the grace time, and not before the last ping', () => {
  const minutely = aCheck({ status: 'up', timeout: 60, grace: 600, last_ping: utc(`${day}10:00`) });
  expect(alertAfter(minutely, [gap(`${day}10:00:30`, `${day}10:00:54`)])).toBe(utc(`${day}10:11`));
  expect(alertAfter(minutely, [gap(`${day}10:00:30`, `${day}10:00:55`)])).toBe(utc(`${day}10:12`));
  const cron = aCheck({
    status: 'up',
    kind: 'cron',
    schedule: '* * * * *',
    grace: 120,
    last_ping: utc(`${day}10:00:30`),
  });
  expect(alertAfter(cron, [gap(`${day}10:00:10`, `${day}10:00:30`)])).toBe(utc(`${day}10:03`));
  expect(alertAfter(cron, [gap(`${day}10:00:20`, `${day}10:00:40`)])).toBe(utc(`${day}10:04`));
});

test('a schedule whose last occurrence fell into a gap is never late', () => {
  const once = aCheck({ status: 'up', kind: 'oncalendar', schedule: '2026-03-02', last_ping: utc('2026-03-01') });
  expect(alertAfter(once)).toBe(utc('2026-03-02T01:00'));
  const gaps = [gap('2026-03-02T00:00', '2026-03-02T00:01')];
  expect(alertAfter(once, gaps)).toBeNull();
  expect(goDown(once, utc('2027-01-01'), gaps)).toBeNull();
});

describe('a run in progress', () => {
  const running = aCheck({ status: 'paused', grace: 600, last_start: utc(`${day}10:00`) });
  test.each([
    ['09:00', '10:00', '10:10'],
    ['09:00', '10:01', '10:11'],
    ['10:05', '10:06', '10:16'],
    ['10:10', '11:00', '10:10'],
  ])('gap %s to %s: to end by %s', (from, until, due) => {
    expect(alertAfter(running, [gap(day + from, day + until)])).toBe(utc(day + due));
  });

  test('of an up check is forgiven apart from the expected ping', () => {
    const both = { ...simple, last_start: utc(`${day}11:58`) };
    const gaps = [gap(`${day}12:10`, `${day}12:11`)];
    expect(alertAfter(both, gaps)).toBe(utc(`${day}12:41`));
    expect(explainLateness(both, gaps)).toMatchObject({ rule: 'run-timeout', held: { deadline: utc(`${day}12:28`) } });
  });

  test('of a down check is not timed', () => {
    expect(alertAfter({ ...running, status: 'down' }, [gap(`${day}10:05`, `${day}10:06`)])).toBeNull();
  });
});

test('going down is held back, and then happens at the moved deadline', () => {
  const gaps = [gap(`${day}12:10`, `${day}12:11`)];
  expect(goDown(simple, utc(`${day}13:00`))).not.toBeNull();
  expect(goDown(simple, utc(`${day}14:29`), gaps)).toBeNull();
  expect(goDown(simple, utc(`${day}14:45`), gaps)!.flip).toMatchObject({
    at: utc(`${day}14:30`),
    decision: { deadline: utc(`${day}14:30`), held: { deadline: utc(`${day}12:30`) }, judged_at: utc(`${day}14:45`) },
  });
});

describe('a check under amnesty', () => {
  const due = utc(`${day}14:30`);
  const held = { ...simple, alert_after: due };

  test('is late, not down, until the moved deadline', () => {
    expect(displayStatus(simple, utc(`${day}12:30`))).toBe('down');
    expect(displayStatus(held, utc(`${day}12:30`))).toBe('grace');
    expect(displayStatus(held, due - 1)).toBe('grace');
    expect(displayStatus(held, due)).toBe('down');
  });

  test('stays so through a log and a start, but a run has its own time', () => {
    const at = utc(`${day}13:00`);
    expect(applyPing(held, { kind: 'log', rid: null, at }).check.alert_after).toBe(due);
    expect(applyPing(held, { kind: 'success', rid: null, at: utc(`${day}09:00`) }).check.alert_after).toBe(due);
    const started = applyPing(held, { kind: 'start', rid: null, at }).check;
    expect(started.alert_after).toBe(at + 30 * MINUTE);
    expect(displayStatus(started, at + 29 * MINUTE)).toBe('grace');
  });

  test('and through an edit of something else', () => {
    expect(applyApiUpdate(held, { manual_resume: true }).alert_after).toBe(due);
    expect(applyApiUpdate(held, { grace: 3600 }).alert_after).toBe(utc(`${day}13:00`));
  });

  test('until it is pinged', () => {
    const { check } = applyPing(held, { kind: 'success', rid: null, at: utc(`${day}13:00`) });
    expect(check.alert_after).toBe(utc(`${day}15:30`));
  });
});

test('an amnesty only ever moves a deadline later, to a window that no gap touches', () => {
  const instant = fc.integer({ min: 0, max: 40 }).map((n) => utc('2026-03-01') + n * HOUR);
  const gaps = fc.array(
    fc.tuple(instant, fc.integer({ min: 1, max: 12 * 3600 })).map(([from, s]) => ({ from, until: from + s * SECOND })),
    { maxLength: 5 },
  );
  const check = fc
    .record({
      kind: fc.constantFrom('simple' as const, 'cron' as const),
      timeout: fc.constantFrom(60, 3600, 86_400),
      grace: fc.constantFrom(60, 1800, 7200),
      schedule: fc.constantFrom('0 3 * * *', '*/20 * * * *'),
      status: fc.constantFrom('up' as const, 'new' as const, 'paused' as const, 'down' as const),
      last_ping: instant,
      last_start: fc.option(instant),
    })
    .map((fields) => aCheck(fields));
  fc.assert(
    fc.property(check, gaps, (check, gaps) => {
      const [plain, moved] = [alertAfter(check), alertAfter(check, gaps)];
      if (plain === null || moved === null) {
        expect(moved).toBe(plain);
        return;
      }
      expect(moved).toBeGreaterThanOrEqual(plain);
      const window = { from: moved - check.grace * SECOND, until: moved };
      expect(gaps.filter((gap) => gap.from < window.until && gap.until > window.from)).toEqual([]);
      if (gaps.every((gap) => gap.from >= plain)) expect(moved).toBe(plain);
    }),
  );
});
