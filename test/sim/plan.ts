import type { PingKind } from '@overdue/checks';
import type { Milliseconds } from '@overdue/clock';
import type { ModelSchedule } from './model.ts';
import { Random } from './random.ts';
import type { WireFault, WireFaultKind } from './wire-fault.ts';

/*
 * What happens in a run, made from the seed before it begins: plain data, so that a failing run can be cut down by
 * leaving things out (shrink.ts) and told to people. `at` is milliseconds from the run's beginning.
 */

export interface PlannedCheck {
  readonly kind: 'simple' | 'cron';
  /** Seconds. */
  readonly timeout: number;
  /** Seconds. */
  readonly grace: number;
  /** Indices of channels. */
  readonly channels: readonly number[];
  /** It is up since so long before the run; null: it is new. */
  readonly upSince: Milliseconds | null;
}

/** What somebody changes of a check's schedule. `minutes`: of cron, every so many. */
export type PlannedEdit = Partial<ModelSchedule>;

/** What somebody does to a check, in the pages or by the API. */
export type PlannedAct = { readonly at: Milliseconds; readonly check: number } & (
  | { readonly do: 'pause' | 'resume' | 'delete' }
  | { readonly do: 'edit'; readonly by: 'page' | 'api'; readonly fields: PlannedEdit }
);

export interface PlannedPing {
  readonly do: 'ping';
  readonly at: Milliseconds;
  readonly check: number;
  readonly kind: Exclude<PingKind, 'ign'>;
  readonly rid: string | null;
  /** Index of the ingester that it comes to. */
  readonly via: number;
}

export type PlannedFault =
  /** The process dies, and is started again after a while. An ingester may be dismissed before that, so long after. */
  | { readonly do: 'crash'; readonly at: Milliseconds; readonly who: string; readonly dismissed?: Milliseconds }
  /** An ingester is told to stop, does so in order, and is started again soon. */
  | { readonly do: 'stop'; readonly at: Milliseconds; readonly who: string }
  /** The process stops for a while, as by SIGSTOP or a busy host. */
  | { readonly do: 'freeze'; readonly at: Milliseconds; readonly who: string; readonly ms: Milliseconds }
  /** The wall clock of its host is set. */
  | { readonly do: 'set clock'; readonly at: Milliseconds; readonly who: string; readonly by: Milliseconds }
  | {
      readonly do: 'database away';
      readonly at: Milliseconds;
      readonly how: 'refuses' | 'silent';
      readonly ms: Milliseconds;
    }
  | {
      readonly do: 'receiver';
      readonly at: Milliseconds;
      readonly channel: number;
      readonly how: 'refuses' | 'slow' | 'loses answers';
      readonly ms: Milliseconds;
    }
  /** Redis loses everything it knows, or is away, hangs, or is full for a while. */
  | {
      readonly do: 'redis';
      readonly at: Milliseconds;
      readonly how: 'flushed' | 'away' | 'silent' | 'full';
      readonly ms: Milliseconds;
    }
  /** The sending process dies around its nth request to any receiver. */
  | { readonly do: 'crash at request'; readonly at: Milliseconds; readonly nth: number; readonly after: boolean };

export type PlannedEvent = PlannedPing | PlannedAct | PlannedFault;

export interface Plan {
  readonly seed: number;
  readonly ingesters: number;
  readonly sendalerts: number;
  /** Whether deliveries are spread by Redis. */
  readonly redis: boolean;
  /** PING_THROTTLE_SECONDS */
  readonly throttle: number;
  /** Of each channel: whether it wants to hear of "up". */
  readonly channels: readonly { readonly up: boolean }[];
  readonly checks: readonly PlannedCheck[];
  /** In order. */
  readonly events: readonly PlannedEvent[];
  readonly wireFaults: readonly WireFault[];
  /** How long a process stays away after a crash, each time another of these. */
  readonly downtimes: readonly Milliseconds[];
  /** When no more faults begin, and all end. */
  readonly calmAt: Milliseconds;
  /** SPOOL_MAX_BYTES: some spools are full after a few pings. */
  readonly spoolBytes: number;
}

const SECOND = 1000;
const CALM_AT = 120 * SECOND;
const WIRE_FAULTS: readonly WireFaultKind[] = [
  'lose request',
  'lose answer',
  'lose answer',
  'delay request',
  'delay answer',
  'crash before',
  'crash after',
];

export function planOf(seed: number): Plan {
  const random = new Random(seed);
  // Some runs are without faults, so that what they find needs none.
  const trouble = random.pick([0, 1, 1, 2, 2, 3]);
  const ingesters = random.chance(0.6) ? 1 : 2;
  const sendalerts = random.chance(0.7) ? 1 : 2;
  const channels = [{ up: true }, { up: random.chance(0.5) }];
  const checks = Array.from({ length: random.int(1, 3) }, () => planCheck(random));
  const who = [...names('ingester', ingesters), ...names('sendalerts', sendalerts)];
  const events: PlannedEvent[] = [];
  for (let check = 0; check < checks.length; check++) {
    planPings(random, check, checks[check]!, ingesters, (ping) => events.push(ping));
  }
  if (trouble > 0) for (let i = random.int(1, trouble * 2); i > 0; i--) events.push(planFault(random, who));
  const wireFaults: WireFault[] = [];
  if (trouble > 0) for (let i = random.int(0, trouble * 3); i > 0; i--) wireFaults.push(planWireFault(random, who));
  const people = random.fork();
  for (let check = 0; check < checks.length; check++) planActs(people, check, (act) => events.push(act));
  if (trouble > 0 && people.chance(0.3)) wireFaults.push(planWireFault(people, ['web']));
  const redis = people.chance(0.4);
  if (redis && trouble > 0) for (let i = people.int(0, 2); i > 0; i--) events.push(planRedisFault(people));
  return {
    seed,
    ingesters,
    sendalerts,
    redis,
    throttle: random.pick([0, 10]),
    channels,
    checks,
    events: events.toSorted((a, b) => a.at - b.at),
    wireFaults,
    downtimes: Array.from({ length: 8 }, () => random.pick([100, 1500, 4000, 8000, 20_000, 45_000])),
    calmAt: CALM_AT,
    spoolBytes: random.pick([1 << 20, 1 << 20, 1 << 20, 700, 400]),
  };
}

export function names(service: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${service} ${i + 1}`);
}

function planCheck(random: Random): PlannedCheck {
  return {
    kind: random.chance(0.75) ? 'simple' : 'cron',
    timeout: random.pick([60, 60, 61, 75]),
    grace: random.pick([60, 60, 63]),
    channels: random.pick([[0], [0, 1], [1, 0]]),
    upSince: random.chance(0.3) ? null : random.int(1, 115 * SECOND),
  };
}

function planPings(
  random: Random,
  check: number,
  { timeout, grace }: PlannedCheck,
  ingesters: number,
  add: (ping: PlannedPing) => void,
): void {
  const rids = [null, null, 'aaaaaaaa-0000-4000-8000-000000000000', 'bbbbbbbb-0000-4000-8000-000000000000'];
  for (let at = random.int(500, 9000); at < CALM_AT - 5000; ) {
    const kind = random.pick(['success', 'success', 'success', 'success', 'start', 'fail', 'log'] as const);
    const rid = kind === 'log' ? null : random.pick(rids);
    add({ do: 'ping', at, check, kind, rid, via: random.int(0, ingesters - 1) });
    // Most come in time; some are late, by little or much; some come in bursts.
    const due = (timeout + grace) * SECOND;
    at += random.pick([
      random.int(1, 40),
      random.int(500, 5000),
      random.int(20 * SECOND, 70 * SECOND),
      random.int(40 * SECOND, 100 * SECOND),
      due - 1 + random.int(0, 2),
      due + random.int(1000, 60 * SECOND),
    ]);
  }
}

/** A good part of the checks is left alone. */
function planActs(random: Random, check: number, add: (act: PlannedAct) => void): void {
  if (random.chance(0.5)) return;
  for (let at = random.int(3000, 60_000); at < CALM_AT - 2000; at += random.int(4000, 50_000)) {
    switch (random.pick(['pause', 'pause', 'resume', 'resume', 'edit', 'edit', 'edit', 'delete'])) {
      case 'pause':
        add({ do: 'pause', at, check });
        break;
      case 'resume':
        add({ do: 'resume', at, check });
        break;
      case 'delete':
        if (random.chance(0.3)) add({ do: 'delete', at, check });
        break;
      default:
        add({ do: 'edit', at, check, by: random.pick(['page', 'api']), fields: planEdit(random) });
    }
  }
}

function planEdit(random: Random): PlannedEdit {
  return random.pick<PlannedEdit>([
    { timeout: random.pick([60, 75, 90, 120]) },
    { grace: random.pick([60, 63, 90]) },
    { timeout: 60, grace: 60 },
    { kind: 'cron', minutes: random.pick([1, 2]) },
    { kind: 'cron', minutes: 1, grace: 60 },
    { kind: 'simple', timeout: random.pick([60, 100]) },
  ]);
}

function planFault(random: Random, who: readonly string[]): PlannedFault {
  const at = random.int(1000, CALM_AT - 20 * SECOND);
  const ms = random.pick([500, 3000, 8000, 20_000, 50_000]);
  switch (random.int(0, 6)) {
    case 0: {
      const one = random.pick(who);
      const dismissed = one.startsWith('ingester') && random.chance(0.4);
      return { do: 'crash', at, who: one, ...(dismissed ? { dismissed: random.int(6000, 9000) } : {}) };
    }
    case 1: {
      const one = random.pick(who);
      return { do: one.startsWith('ingester') ? 'stop' : 'crash', at, who: one };
    }
    case 2:
      return { do: 'freeze', at, who: random.pick(who), ms: Math.min(ms, 20_000) };
    case 3:
      return { do: 'database away', at, how: random.pick(['refuses', 'silent']), ms };
    case 4:
      return { do: 'crash at request', at: 0, nth: random.int(1, 6), after: random.chance(0.7) };
    case 5:
      if (random.chance(0.25)) {
        const by = random.pick([-30_000, -2000, 700, 3000, 30_000]);
        return { do: 'set clock', at, who: random.pick(who), by };
      }
      return { do: 'freeze', at, who: random.pick(who), ms: 1000 };
    default:
      return {
        do: 'receiver',
        at,
        channel: random.int(0, 1),
        how: random.pick(['refuses', 'slow', 'loses answers']),
        ms,
      };
  }
}

function planRedisFault(random: Random): PlannedFault {
  const how = random.pick(['flushed', 'away', 'silent', 'full'] as const);
  return { do: 'redis', at: random.int(1000, CALM_AT - 10 * SECOND), how, ms: random.pick([2000, 9000, 40_000]) };
}

function planWireFault(random: Random, who: readonly string[]): WireFault {
  const on = random.chance(0.4) ? 'commit' : 'any';
  return {
    who: random.pick(who),
    on,
    nth: on === 'commit' ? random.int(1, 10) : random.int(1, 200),
    what: random.pick(WIRE_FAULTS),
    ms: random.pick([300, 1900, 5000, 12_000]),
  };
}
