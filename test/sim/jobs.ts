import type { Instant, VirtualClock } from '@overdue/clock';
import type { IntakeOutcome } from '@overdue/pings';
import type { Host } from './host.ts';
import type { PlannedPing } from './plan.ts';

/** What a job knows of a ping that it sent. */
export interface SentPing {
  readonly ua: string;
  readonly ping: PlannedPing;
  /** By the clock of the host that it came to. */
  readonly at: Instant;
  /** Null: no answer came. */
  outcome: IntakeOutcome | null;
  /** Its ingester died without having stored it in the database, while another lived. */
  stranded: boolean;
}

/** The jobs that are watched. */
export class Jobs {
  readonly sent: SentPing[] = [];
  readonly #clock: VirtualClock;
  readonly #note: (who: string, what: string) => void;
  readonly #onRefused: (sent: SentPing) => void;

  /** @param onRefused a ping was answered 503 */
  constructor(clock: VirtualClock, note: (who: string, what: string) => void, onRefused: (sent: SentPing) => void) {
    this.#clock = clock;
    this.#note = note;
    this.#onRefused = onRefused;
  }

  /** Sends a ping of the check `code` to an ingester. */
  ping(ping: PlannedPing, code: string, { name, wallOffset, process, ingester }: Host): void {
    const number = this.sent.length + 1;
    const at = this.#clock.now() + wallOffset;
    const sent: SentPing = { ua: `ping ${number}`, ping, at, outcome: null, stranded: false };
    const words = `check ${ping.check + 1} ${ping.kind}${ping.rid ? ` (${ping.rid[0]})` : ''}`;
    // Nobody listens: the job gets no connection.
    if (!ingester || !process || process.frozen) {
      this.#note('job', `ping ${number}: ${words}: no connection to ${name}`);
      return;
    }
    this.#note('job', `ping ${number}: ${words} to ${name}`);
    this.sent.push(sent);
    const settle = (outcome: IntakeOutcome) => {
      if (!process.alive) return;
      sent.outcome = outcome;
      if (outcome === 'refused') this.#onRefused(sent);
      this.#note(name, `ping ${number}: ${outcome}`);
    };
    ingester.ping({ code, kind: ping.kind, rid: ping.rid, ua: sent.ua, settle });
  }

  /**
   * An ingester is gone, and with it whatever it had on its disk or in its hands. While others live, they do not wait
   * for long: of the checks that are touched, nobody can be right before it is back.
   * @param via its index
   * @param stored what is in the database
   */
  strand(via: number, stored: ReadonlySet<string>): void {
    for (const sent of this.sent) if (sent.ping.via === via && !stored.has(sent.ua)) sent.stranded = true;
  }
}
