import type { Status } from '@overdue/checks';
import { flatCopy } from './short-memory.ts';
import type { StoredCheck } from './stored-check.ts';

/** At most so many checks are remembered, in 61 bytes each; more if they have a schedule. A power of two. */
const CAPACITY = 1 << 17;
const PLACES = CAPACITY - 1;

/** Paused checks come back in ways of their own, and are not remembered. */
const STATUSES: readonly Status[] = ['new', 'up', 'down'];
const KINDS = ['simple', 'cron', 'oncalendar'] as const;

/** After attempts in vain, at most so many batches ask first. */
const MAX_PAUSE = 255;

/** What few checks have: a schedule and its time zone, a run id. */
type Texts = Pick<StoredCheck, 'schedule' | 'tz' | 'last_start_rid'>;

/**
 * What checks were when they were last looked up or written, so that a batch of pings need not ask first. Others write
 * them, too, so it may be wrong: whoever goes by it says so to PostgreSQL, which compares (see BatchWork.statements).
 *
 * Numbers in columns, each check in the place that its id gives it: as objects, 100,000 of them take 30 MB.
 */
export class RememberedChecks {
  /** 0: nobody. */
  readonly #id = new Float64Array(CAPACITY);
  readonly #pings = new Float64Array(CAPACITY);
  /** NaN in these: null. */
  readonly #lastPing = new Float64Array(CAPACITY);
  readonly #lastStart = new Float64Array(CAPACITY);
  readonly #duration = new Float64Array(CAPACITY);
  readonly #alertAfter = new Float64Array(CAPACITY);
  readonly #timeout = new Int32Array(CAPACITY);
  readonly #grace = new Int32Array(CAPACITY);
  readonly #rulesVersion = new Int32Array(CAPACITY);
  /** Two bits for the status, two for the kind, one for manual_resume. */
  readonly #flags = new Uint8Array(CAPACITY);
  readonly #texts = new Map<number, Texts>();
  /** How many batches are still to ask first, and how many that were last time. */
  #pause = 0;
  #lastPause = 0;

  /** @returns the checks, in the order of `ids`; null when one is not remembered, or going by it was in vain lately */
  recall(ids: readonly number[]): StoredCheck[] | null {
    if (this.#pause > 0) {
      this.#pause--;
      return null;
    }
    for (const id of ids) if (this.#id[id & PLACES] !== id) return null;
    return ids.map((id) => this.#read(id, id & PLACES));
  }

  /** A batch went by it. @param right whether PostgreSQL found it so */
  tried(right: boolean): void {
    this.#lastPause = right ? this.#lastPause >> 1 : Math.min(MAX_PAUSE, 2 * this.#lastPause + 1);
    this.#pause = right ? 0 : this.#lastPause;
  }

  /** These were written, and are committed. */
  written(checks: readonly StoredCheck[]): void {
    for (const check of checks) this.#write(check, check.id & PLACES);
  }

  /** These were looked up; what was written meanwhile is newer. */
  lookedUp(checks: readonly StoredCheck[]): void {
    for (const check of checks) {
      const place = check.id & PLACES;
      if (this.#id[place] !== check.id || this.#pings[place]! <= check.n_pings) this.#write(check, place);
    }
  }

  /** Somebody else changed it. */
  forget(id: number): void {
    if (this.#id[id & PLACES] === id) this.#id[id & PLACES] = 0;
  }

  clear(): void {
    this.#id.fill(0);
    this.#texts.clear();
  }

  #write(check: StoredCheck, place: number): void {
    const status = STATUSES.indexOf(check.status);
    if (status < 0) {
      this.forget(check.id);
      return;
    }
    const { kind, schedule, tz } = check;
    // A slice of a ping's whole query, as it comes.
    const last_start_rid = check.last_start_rid && flatCopy(check.last_start_rid);
    this.#id[place] = check.id;
    this.#pings[place] = check.n_pings;
    this.#lastPing[place] = check.last_ping ?? Number.NaN;
    this.#lastStart[place] = check.last_start ?? Number.NaN;
    this.#duration[place] = check.last_duration_ms ?? Number.NaN;
    this.#alertAfter[place] = check.alert_after ?? Number.NaN;
    this.#timeout[place] = check.timeout;
    this.#grace[place] = check.grace;
    this.#rulesVersion[place] = check.rulesVersion;
    this.#flags[place] = status | (KINDS.indexOf(kind) << 2) | (check.manual_resume ? 16 : 0);
    if (kind !== 'simple' || last_start_rid !== null) this.#texts.set(place, { schedule, tz, last_start_rid });
    else if (this.#texts.size > 0) this.#texts.delete(place);
  }

  #read(id: number, place: number): StoredCheck {
    const flags = this.#flags[place]!;
    const texts = this.#texts.size > 0 ? this.#texts.get(place) : undefined;
    return {
      id,
      kind: KINDS[(flags >> 2) & 3]!,
      timeout: this.#timeout[place]!,
      grace: this.#grace[place]!,
      schedule: texts ? texts.schedule : '',
      tz: texts ? texts.tz : 'UTC',
      status: STATUSES[flags & 3]!,
      manual_resume: (flags & 16) !== 0,
      n_pings: this.#pings[place]!,
      last_ping: numberOrNull(this.#lastPing[place]!),
      last_start: numberOrNull(this.#lastStart[place]!),
      last_start_rid: texts ? texts.last_start_rid : null,
      last_duration_ms: numberOrNull(this.#duration[place]!),
      alert_after: numberOrNull(this.#alertAfter[place]!),
      place: '',
      rulesVersion: this.#rulesVersion[place]!,
    };
  }
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
