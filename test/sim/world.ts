import type { Instant, Milliseconds } from '@overdue/clock';
import { VirtualClock } from '@overdue/clock';
import type { DatabaseTarget, Sql } from '@overdue/database';
import { Disks, diskIsBusy } from './disks.ts';
import type { Host } from './host.ts';
import { startIngester } from './ingester.ts';
import { Jobs } from './jobs.ts';
import type { Laboratory } from './laboratory.ts';
import { Network, type Step } from './network.ts';
import { Pace } from './pace.ts';
import { People } from './people.ts';
import { names, type Plan, type PlannedEvent } from './plan.ts';
import { SimProcess } from './process.ts';
import { Random } from './random.ts';
import { Receivers } from './receiver.ts';
import { SimRedis } from './redis.ts';
import { createRows } from './rows.ts';
import { startSendalerts } from './sendalerts.ts';
import { Truth } from './truth.ts';

/** The virtual time at which every run begins. */
export const BEGIN: Instant = Date.UTC(2030, 0, 7, 12);

/** The whole installation in this process, on one virtual clock. */
export class World {
  readonly plan: Plan;
  readonly clock = new VirtualClock(BEGIN);
  readonly truth = new Truth();
  readonly receivers: Receivers;
  readonly redis: SimRedis;
  readonly network: Network;
  readonly jobs: Jobs;
  readonly people: People;
  readonly trace: string[] = [];
  readonly disks = new Disks();
  /** When all faults were over. */
  healedAt: Instant = Number.POSITIVE_INFINITY;
  /** What processes logged as errors. */
  readonly logged: string[] = [];
  readonly #random: Random;
  readonly #target: DatabaseTarget;
  readonly #sql: Sql;
  readonly #pace: Pace;
  readonly #hosts = new Map<string, Host>();
  #crashes = 0;
  #calm = false;
  #checkCodes: readonly string[] = [];
  #activity = 0;

  constructor(options: { plan: Plan; laboratory: Laboratory }) {
    const { plan } = options;
    const { target, admin, sessions } = options.laboratory;
    this.plan = plan;
    this.#target = target;
    this.#sql = admin.sql;
    this.#random = new Random(plan.seed + 1);
    this.#pace = new Pace(this.clock);
    const trace = (who: string, what: string) => this.note(who, what);
    this.people = new People(this.clock, trace);
    this.jobs = new Jobs(this.clock, trace, (sent) => {
      this.truth.doubt(sent.at, this.clock.now());
      this.truth.trouble(sent.at, this.clock.now() + RECOVERY);
    });
    this.receivers = new Receivers(this.clock, this.#random.fork(), trace);
    this.redis = new SimRedis(this.clock, new Random(plan.seed + 2), trace);
    this.network = new Network({
      sessions,
      clock: this.clock,
      random: this.#random.fork(),
      admin: admin.sql,
      faults: plan.wireFaults,
      trace,
    });
    for (const name of [...names('ingester', plan.ingesters), ...names('sendalerts', plan.sendalerts), 'web']) {
      this.#hosts.set(name, {
        name,
        wallOffset: 0,
        random: this.#random.fork(),
        process: null,
        ingester: null,
        instanceId: null,
        database: null,
        judgedUntil: () => null,
        inOrder: false,
      });
    }
    const requests = plan.events.filter((event) => event.do === 'crash at request');
    this.receivers.onRequest = async (nth, when, by) => {
      const planned = requests.find((event) => event.nth === nth && event.after === (when === 'after'));
      if (planned && !this.#calm) await by.crash();
    };
  }

  note(who: string, what: string): void {
    this.trace.push(`${((this.clock.now() - BEGIN) / 1000).toFixed(3).padStart(8)} ${who.padEnd(12)} ${what}`);
  }

  /** Runs the plan, then heals everything and lets time pass until nothing is left to be done. */
  async run(): Promise<void> {
    this.#checkCodes = await createRows(this.#sql, this.plan, BEGIN);
    await this.#startAll();
    for (const event of this.plan.events) {
      if (event.do === 'crash at request') continue;
      await this.#passUntil(BEGIN + event.at);
      await this.#perform(event);
    }
    await this.#passUntil(BEGIN + this.plan.calmAt);
    await this.#heal();
    const idleFrom = this.healedAt + RECOVERY;
    this.#pace.idleFrom = idleFrom;
    // Nobody pings any more: all that is awaited becomes late, is noticed, and is told.
    await this.#passUntil(idleFrom);
    for (let i = 0; i < 40 && (await this.#unfinished()); i++) await this.#passUntil(this.clock.now() + 20_000);
  }

  async close(): Promise<void> {
    for (const { process } of this.#hosts.values()) if (process) process.alive = false;
    await this.network.close();
    await this.#settle();
    await this.disks.close();
  }

  async #unfinished(): Promise<boolean> {
    const [row] = await this.#sql<{ owed: boolean; awaited: boolean }[]>`
      select exists (select from notifications where state = 'owed') as owed,
             exists (select from checks where status <> 'down' and alert_after is not null) as awaited`;
    return row!.owed || row!.awaited;
  }

  /** Lets virtual time pass; before each step of it, everything that can happen now does. */
  async #passUntil(target: Instant): Promise<void> {
    for (;;) {
      await this.#exhaust();
      const next = Math.min(target, this.network.nextRelease() ?? target);
      if (this.clock.fireNext(next)) continue;
      this.clock.jumpTo(Math.max(next, this.clock.now()));
      if (next === target) break;
    }
    await this.#exhaust();
  }

  async #exhaust(): Promise<void> {
    let steps = 0;
    for (let step: Step = 'heard'; step !== 'nothing'; step = await this.network.step()) {
      if (++steps > MOST_AT_ONCE) throw new Error('Time stands still: the product never comes to rest');
      if (step === 'heard') await this.#settle();
      await this.network.tidy();
    }
  }

  /** Waits until the product has nothing more to do but wait for time, the database or us. */
  async #settle(): Promise<void> {
    for (let still = 0; still < 3; still++) {
      await new Promise((resolve) => setImmediate(resolve));
      const { activity } = this.network;
      if (activity !== this.#activity || this.network.unsettled || diskIsBusy()) {
        this.#activity = activity;
        still = -1;
      }
    }
  }

  /** One after the other: in which order real disks answer is not the seed's. */
  async #startAll(): Promise<void> {
    for (const host of this.#hosts.values()) {
      if (host.process) continue;
      this.#start(host);
      await this.#settle();
    }
  }

  #start(host: Host): void {
    const process = new SimProcess({
      name: host.name,
      clock: this.clock,
      network: this.network,
      target: this.#target,
      random: host.random.fork(),
      wallOffset: () => host.wallOffset,
      slack: () => this.#slack(host),
      trace: (who, what) => this.note(who, what),
      onCrash: (crashed) => this.#onCrash(host, crashed),
    });
    host.process = process;
    host.inOrder = false;
    this.note(host.name, 'starts');
    if (host.name.startsWith('ingester')) {
      const listening = () => {
        this.note(host.name, 'listens');
        this.truth.receives(host.name, this.clock.now());
      };
      const options = {
        process,
        spoolDirectory: this.disks.spoolDirectory(host.name, host.random, () => {
          this.note(host.name, 'finds half a write on its disk');
          // It cannot know that nobody was answered for it.
          this.truth.doubt(BEGIN, this.clock.now() + 1000);
        }),
        spoolBytes: this.plan.spoolBytes,
        throttle: this.plan.throttle,
        spacing: () => this.#pace.spacing(),
        lookEvery: () => this.#pace.lookEvery(),
        onListening: listening,
        onProblem: (text: string) => {
          // A small spool is full at times: so the plan wants it.
          if (!process.alive || text.startsWith('Pings are answered 503')) return;
          // The rest of a write that was cut off: it cannot know what that was.
          if (text.startsWith('A part of the spool')) this.truth.doubt(BEGIN, this.clock.now());
          else this.logged.push(`${host.name}: ${text}`);
        },
      };
      void startIngester(options).then((ingester) => {
        if (!process.alive) return;
        host.ingester = ingester;
        host.instanceId = ingester.instanceId;
      });
    } else if (host.name === 'web') {
      host.database = process.open(2);
      this.people.free();
    } else {
      const poll = () => this.#pace.poll();
      const redis = this.plan.redis ? this.redis : null;
      const random = host.random.fork();
      void startSendalerts({ process, receivers: this.receivers, redis, random, poll }).then((evaluator) => {
        host.judgedUntil = () => evaluator.state().judgedUntil;
      });
    }
  }

  /** Time goes on while it stops; nobody waits for what it leaves in its spool but the other ingesters' judges. */
  #stop(host: Host): void {
    const { process, ingester } = host;
    if (!process || !ingester || process.frozen) return;
    const now = this.clock.now();
    this.note(host.name, 'is told to stop');
    host.ingester = null;
    this.truth.receivesNoMore(host.name, now);
    this.truth.trouble(now, now + RECOVERY);
    this.#pace.hurry(0);
    void ingester.stop().then(() => {
      host.inOrder = process.alive;
      return process.crash('has stopped');
    });
  }

  #slack({ name, random, judgedUntil }: Host): Milliseconds {
    if (name.startsWith('ingester')) return this.#pace.ingesterSlack(random);
    return this.#pace.sendalertsSlack(random, judgedUntil());
  }

  async #onCrash(host: Host, crashed: SimProcess): Promise<void> {
    if (host.process !== crashed) return;
    const now = this.clock.now();
    const unwrittenSince = host.name.startsWith('ingester') ? this.truth.unwrittenSince(now) : null;
    host.process = null;
    host.ingester = null;
    host.database = null;
    host.judgedUntil = () => null;
    const planned = this.#calm ? 500 : this.plan.downtimes[this.#crashes++ % this.plan.downtimes.length]!;
    const away = host.inOrder ? Math.min(planned, SOON) : planned;
    // Its row has to stand still for a while before others go on without it.
    this.truth.trouble(now, now + away + RECOVERY);
    if (host.name.startsWith('ingester')) {
      this.disks.save(host.name);
      this.truth.receivesNoMore(host.name, now);
      this.#pace.hurry(away);
      if (!host.inOrder) await this.#strand(host);
    }
    this.clock.after(away, () => {
      if (host.process !== null) return;
      // Until when it was receiving only its disk tells, and nobody waits for that for long.
      const isNotWaitedFor = this.truth.isNotWaitedFor(this.clock.now());
      if (unwrittenSince !== null && isNotWaitedFor) this.truth.doubt(unwrittenSince, now);
      this.#start(host);
    });
  }

  async #strand(host: Host): Promise<void> {
    if (this.plan.ingesters === 1) return;
    const stored = new Set((await this.#sql<{ ua: string }[]>`select ua from pings`).map(({ ua }) => ua));
    this.jobs.strand(names('ingester', this.plan.ingesters).indexOf(host.name), stored);
  }

  #ingester(via: number): Host {
    return this.#hosts.get(names('ingester', this.plan.ingesters)[via]!)!;
  }

  async #perform(event: PlannedEvent): Promise<void> {
    const now = this.clock.now();
    switch (event.do) {
      case 'ping':
        this.jobs.ping(event, this.#checkCodes[event.check]!, this.#ingester(event.via));
        return;
      case 'pause':
      case 'resume':
      case 'edit':
      case 'delete': {
        const { process, database } = this.#hosts.get('web')!;
        this.people.act(event, this.#checkCodes[event.check]!, process && database ? { process, database } : null);
        return;
      }
      case 'crash':
        if (event.dismissed) this.clock.after(event.dismissed, () => this.#dismiss(this.#hosts.get(event.who)!));
        await this.#hosts.get(event.who)!.process?.crash();
        return;
      case 'stop':
        this.#stop(this.#hosts.get(event.who)!);
        return;
      case 'freeze': {
        const { process } = this.#hosts.get(event.who)!;
        if (!process) return;
        this.note(event.who, `freezes for ${event.ms} ms`);
        process.freeze(event.ms);
        this.truth.trouble(now, now + event.ms + RECOVERY);
        if (event.who.startsWith('ingester')) {
          await this.#strand(this.#hosts.get(event.who)!);
          this.truth.receivesNoMore(event.who, now);
          // It could not write that it was receiving, and cannot now.
          const unwrittenSince = this.truth.unwrittenSince(now);
          if (unwrittenSince !== null) this.truth.doubt(unwrittenSince, now);
          this.#pace.hurry(event.ms);
          const host = this.#hosts.get(event.who)!;
          this.clock.after(event.ms, () => {
            if (process.alive && !process.frozen && host.ingester) this.truth.receives(event.who, this.clock.now());
          });
        }
        return;
      }
      case 'set clock':
        this.note(event.who, `clock is set by ${event.by} ms`);
        this.#hosts.get(event.who)!.wallOffset += event.by;
        this.truth.doubt(now - Math.abs(event.by), now + Math.abs(event.by));
        this.truth.trouble(now, now + Math.abs(event.by) + RECOVERY);
        return;
      case 'database away':
        this.note('database', `is away for ${event.ms} ms (${event.how})`);
        this.truth.trouble(now, now + event.ms + RECOVERY);
        this.truth.databaseAway(now);
        await this.network.away(event.how);
        this.clock.after(event.ms, () => {
          this.truth.databaseBack(this.clock.now());
          this.note('database', 'is back');
          this.network.back();
        });
        return;
      case 'redis':
        this.note('redis', event.how === 'flushed' ? 'is flushed' : `is ${event.how} for ${event.ms} ms`);
        if (event.how === 'flushed') this.redis.flush();
        else this.redis.mode = event.how;
        if (event.how !== 'flushed') this.clock.after(event.ms, () => this.#redisIsBack());
        return;
      case 'receiver':
        this.note('receiver', `channel ${event.channel} ${event.how} for ${event.ms} ms`);
        this.receivers.behave(event.channel, event.how);
        this.clock.after(event.ms, () => this.receivers.behave(event.channel, 'well'));
        return;
    }
  }

  /** It comes back empty. */
  #redisIsBack(): void {
    this.redis.mode = 'well';
    this.redis.flush();
  }

  /** Nobody dismisses an ingester that is there again. */
  #dismiss({ name, process, instanceId }: Host): void {
    const { database } = this.#hosts.get('web')!;
    if (process === null && instanceId !== null && database) this.people.dismiss(instanceId, name, { database });
  }

  async #heal(): Promise<void> {
    this.#calm = true;
    this.healedAt = this.clock.now();
    this.network.back();
    this.network.spare();
    for (let i = 0; i < this.plan.channels.length; i++) this.receivers.behave(i, 'well');
    this.#redisIsBack();
    this.note('world', 'no more faults');
    await this.#startAll();
  }
}

/** Statements at one instant. */
const MOST_AT_ONCE = 5000;

/** Within this time a process that was stopped in order is started again, in milliseconds. */
const SOON = 3000;

/** How long after a fault the product may take to see what became late meanwhile, in milliseconds. */
const RECOVERY = 20_000;
