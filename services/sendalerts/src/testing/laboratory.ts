import { type Instant, type Milliseconds, VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterEach, beforeEach } from 'vitest';
import { Evaluator } from '../evaluator.ts';
import { FakeIngester, silent, TestWorld } from './world.ts';

export const SECOND: Milliseconds = 1000;
export const MINUTE: Milliseconds = 60_000;
export const HOUR: Milliseconds = 3_600_000;
/** When each test begins: a Saturday, 12:00:00 UTC. */
export const NOON: Instant = Date.UTC(2026, 10, 21, 12);

interface FlipRow {
  readonly check_id: number;
  readonly created_at: Instant;
  readonly decision: { readonly rule: string; readonly held?: unknown };
}

interface GapRow {
  readonly from: Instant;
  readonly until: Instant | null;
  readonly held: number;
  /** Whose pings may be lost. */
  readonly ingester: string | null;
}

/** What the tests of the evaluator have: for each test a database and a clock of its own. */
class Laboratory {
  database!: TestDatabase;
  world!: TestWorld;
  clock!: VirtualClock;
  /** How often the operator would have been told of a gap. */
  gapNotices = 0;
  /** What was logged as a warning. */
  warnings: object[] = [];

  async begin(): Promise<void> {
    this.database = await createTestDatabase({ max: 8 });
    this.world = await new TestWorld(this.database.sql).begin();
    this.clock = new VirtualClock(NOON);
    this.gapNotices = 0;
    this.warnings = [];
  }

  evaluator(group = 1000): Evaluator {
    return new Evaluator({
      database: this.database,
      clock: this.clock,
      logger: { ...silent, warn: (context: object, text: string) => this.warnings.push({ ...context, text }) },
      minGap: 5 * SECOND,
      group,
      databaseNow: () => this.clock.now(),
      onGap: () => {
        this.gapNotices++;
      },
    });
  }

  ingester(from = NOON - HOUR, until = NOON): Promise<FakeIngester> {
    return new FakeIngester(this.database.sql).start(from, until);
  }

  async statusOf(check: { id: number }) {
    const [row] = await this.database.sql`select status, alert_after, wake_at from checks where id = ${check.id}`;
    return row as { status: string; alert_after: Instant | null; wake_at: Instant | null };
  }

  flips() {
    return this.database.sql<FlipRow[]>`select * from flips order by id`;
  }

  gaps() {
    return this.database.sql<GapRow[]>`
      select from_at as "from", until_at as until, checks_held as held, instance_id as ingester from gaps order by from_at`;
  }

  /** Looks every second of `length`, with these ingesters giving signs of life and vouching for the present. */
  async live(subject: Evaluator, length: Milliseconds, ingesters: readonly FakeIngester[]): Promise<void> {
    for (let passed = 0; passed < length; passed += SECOND) {
      this.clock.jumpTo(this.clock.now() + SECOND);
      for (const one of ingesters) await one.vouch(this.clock.now());
      await subject.pass();
    }
  }
}

/** A laboratory that begins anew with each test of the file. */
export function laboratory(): Laboratory {
  const lab = new Laboratory();
  beforeEach(() => lab.begin());
  afterEach(() => lab.database.drop());
  return lab;
}
