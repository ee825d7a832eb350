import { judgeableUntil } from '@overdue/checks';
import type { Clock, Instant, Milliseconds } from '@overdue/clock';
import type { Database } from '@overdue/database';
import {
  bury,
  type DeadIngester,
  dismissalsOf,
  type IngesterRow,
  IngesterWatch,
  impliedGaps,
  readWorld,
  type World,
} from '@overdue/pings/vouching';
import { within } from '@overdue/queue';
import { dismissGap, openGap, recordGaps } from './gaps.ts';
import { type Judged, judgeDue, type Poison } from './judge.ts';
import { writeJudgedUntil } from './state.ts';

export interface EvaluatorOptions {
  readonly database: Pick<Database, 'sql'>;
  readonly clock: Clock;
  readonly logger: {
    info(context: object, message: string): void;
    warn(context: object, message: string): void;
    error(context: object, message: string): void;
  };
  /** AMNESTY_MIN_GAP_SECONDS, in milliseconds. */
  readonly minGap: Milliseconds;
  /** Between two looks when nothing is due. Default 200 ms. */
  readonly poll?: Milliseconds;
  /** Checks judged in one transaction at most. Default 2500. */
  readonly group?: number;
  /** A gap was recorded or closed: tell the operator. */
  readonly onGap?: () => void;
  /** Hears of every group, for metrics. */
  readonly onJudged?: (judged: Judged) => void;
  /** A look that takes longer is given up. Default 30 s. */
  readonly silence?: Milliseconds;
  /** The database was silent for that long: a chance to throw its connections away. */
  readonly onSilence?: () => void;
  /** Tests and the simulation: this instead of the database's clock. */
  readonly databaseNow?: () => Instant;
}

export interface EvaluatorState {
  /** Up to where lateness has been judged; null: not yet, or nobody vouches for anything. */
  readonly judgedUntil: Instant | null;
  /** Checks known to be due and not judged yet are waiting. */
  readonly backlog: boolean;
  /** Ingesters that give no sign of life and are waited for, because of the pings that they may hold. */
  readonly silent: number;
  readonly problems: readonly string[];
}

/** Judging further behind the present than this is told as a problem. */
const LATE: Milliseconds = 30_000;

/** Finds late checks, for as long as it runs. Any number of instances may, without knowing of each other. */
export class Evaluator {
  readonly #options: EvaluatorOptions;
  readonly #watch = new IngesterWatch();
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #judgedUntil: Instant | null = null;
  #written: Instant = Number.NEGATIVE_INFINITY;
  #backlog = false;
  #unreachable: string | undefined = 'The database has not answered yet.';
  #nobodyVouches: string | undefined;
  #behind: string | undefined;
  #silent: readonly IngesterRow[] = [];
  /** Ids of the ingesters that the newest look saw. */
  #seen: readonly string[] = [];
  #poison = new Map<string, Poison & { readonly at: Instant }>();

  constructor(options: EvaluatorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  state(): EvaluatorState {
    const problems: string[] = [];
    if (this.#unreachable) problems.push(this.#unreachable);
    if (this.#nobodyVouches) problems.push(this.#nobodyVouches);
    else if (this.#behind) problems.push(this.#behind);
    if (this.#watch.slow) problems.push('Looks at the database take so long that a dead ingester is noticed late.');
    for (const { code, why } of this.#poison.values()) problems.push(`Check ${code} cannot be judged: ${why}`);
    return { judgedUntil: this.#judgedUntil, backlog: this.#backlog, silent: this.#silent.length, problems };
  }

  /** What keeps alerts from being evaluated; a single check that cannot be judged does not. */
  blockers(): readonly string[] {
    return [this.#unreachable, this.#nobodyVouches].filter((p) => p !== undefined);
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#options;
    while (!this.#stopping.signal.aborted) {
      try {
        const { silence = 30_000, onSilence = () => undefined } = this.#options;
        await within(clock, silence, this.pass(), onSilence);
      } catch (err) {
        this.#watch.interrupted();
        this.#backlog = false;
        if (!this.#unreachable) logger.warn({ err }, 'Lateness cannot be judged; trying again');
        this.#unreachable = 'The database cannot be reached, or refuses.';
      }
      if (!this.#backlog) await clock.sleep(this.#options.poll ?? 200, this.#stopping.signal);
    }
  }

  /** One look at everything that is due. */
  async pass(): Promise<void> {
    const { database, clock, onGap, onJudged } = this.#options;
    const asked = clock.monotonic();
    const world = await this.#world();
    const answered = clock.monotonic();
    if (this.#unreachable) this.#options.logger.info({}, 'The database answers');
    this.#unreachable = undefined;
    const { live, silent, dead } = this.#watch.look(world.ingesters, answered, answered - asked);
    this.#silent = silent;
    for (const ingester of dead) await this.#bury(ingester, world.now);
    if (await this.#noticeDismissals(world.ingesters)) onGap?.();
    const until = judgeableUntil(
      world.now,
      live.map((row) => row.watermark),
      world.coverage,
    );
    if (until === null) {
      this.#backlog = false;
      await this.#nobody(world, live.length);
      return;
    }
    this.#nobodyVouches = undefined;
    this.#behind = behind(world.now, until, live, silent);
    if (await this.#findGaps(world, until)) onGap?.();
    // Gaps are recorded before this moves on, and what they touch is judged only after.
    if (until - this.#written >= 1000) {
      await writeJudgedUntil(database.sql, until);
      this.#written = until;
    }
    const judged = await judgeDue(database.sql, until, this.#options.group ?? 2500);
    this.#backlog = judged.looked >= (this.#options.group ?? 2500);
    if (!this.#backlog) this.#judgedUntil = until;
    this.#report(judged);
    onJudged?.(judged);
  }

  async #world(): Promise<World> {
    const world = await readWorld(this.#options.database.sql);
    const { databaseNow } = this.#options;
    return databaseNow ? { ...world, now: databaseNow() } : world;
  }

  async #bury(ingester: DeadIngester, now: Instant): Promise<void> {
    const { database, logger, onGap } = this.#options;
    const { id, mayHold } = ingester;
    const text = 'An ingester gives no sign of life; it is not waited for';
    logger.warn({ ingester: id }, mayHold ? `${text} any longer, and pings that it had answered may be lost` : text);
    // That it is silent does not mean that it has not been receiving: only its way to the database may be broken.
    if (await bury(database.sql, ingester, mayHold ? now : null)) onGap?.();
  }

  /** Logs who dismissed an ingester since the last look. True when pings may be lost with one. */
  async #noticeDismissals(ingesters: readonly IngesterRow[]): Promise<boolean> {
    const { database, logger } = this.#options;
    const gone = this.#seen.filter((id) => !ingesters.some((row) => row.id === id));
    const dismissals = gone.length === 0 ? [] : await dismissalsOf(database.sql, gone);
    this.#seen = ingesters.map(({ id }) => id);
    for (const { id, by, at } of dismissals) {
      logger.warn(
        { ingester: id, by, at: new Date(at).toISOString() },
        'An ingester was dismissed; it is not waited for',
      );
    }
    return dismissals.some(({ lost }) => lost);
  }

  /** Records what nobody covered since the last time. True when something changed. */
  async #findGaps(world: World, until: Instant): Promise<boolean> {
    const { database, minGap } = this.#options;
    const gaps = impliedGaps(world, until, minGap);
    let changed = gaps.length > 0 ? (await recordGaps(database.sql, gaps)) > 0 : false;
    for (const gap of world.openGaps) {
      // Not judged that far: it may well go on being one.
      if (gap.from >= until || gaps.some((found) => found.from === gap.from)) continue;
      await dismissGap(database.sql, gap.id);
      changed = true;
    }
    return changed;
  }

  /** No live ingester vouches for anything: nothing goes down, and the operator is told. */
  async #nobody(world: World, live: number): Promise<void> {
    const { database, minGap, onGap, logger } = this.#options;
    if (live > 0) {
      this.#nobodyVouches = 'An ingester is starting; until it vouches for its pings, no check is declared down.';
      return;
    }
    if (!this.#nobodyVouches) logger.warn({}, 'No ingester is live: no check is declared down');
    this.#nobodyVouches = 'No ingester is live: no check is declared down.';
    const covered = Math.max(...world.coverage.map((stretch) => stretch.until), world.judgedUntil ?? -Infinity);
    if (covered === -Infinity || world.openGaps.length > 0 || world.now - covered <= minGap) return;
    await openGap(database.sql, covered);
    onGap?.();
  }

  #report(judged: Judged): void {
    const { clock, logger } = this.#options;
    const now = clock.now();
    for (const poison of judged.poison) {
      logger.error({ check: poison.code, why: poison.why }, 'A check cannot be judged; it is set aside for an hour');
      this.#poison.set(poison.code, { ...poison, at: now });
    }
    for (const [code, { at }] of this.#poison) if (now - at > 3_660_000) this.#poison.delete(code);
    if (judged.down > 0 || judged.held > 0) {
      const { down, owed, held } = judged;
      logger.info({ down, owed, held }, 'Checks were late');
    }
  }
}

/** Says whom judging waits for when it is far behind; undefined: it is not. */
function behind(
  now: Instant,
  until: Instant,
  live: readonly IngesterRow[],
  silent: readonly IngesterRow[],
): string | undefined {
  if (now - until < LATE) return undefined;
  const slowest = live.reduce((a, b) => ((a.watermark ?? 0) <= (b.watermark ?? 0) ? a : b));
  const seconds = Math.round((now - until) / 1000);
  const text = `Lateness is judged ${seconds} s behind the present: ingester ${slowest.id}`;
  if (!silent.includes(slowest)) return `${text} holds pings from then.`;
  return (
    `${text} gives no sign of life and may hold pings from then. Start it again on its SPOOL_DIR; if its disk is lost: ` +
    `overdue instances dismiss ${slowest.id}`
  );
}
