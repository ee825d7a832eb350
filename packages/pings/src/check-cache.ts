import type { Clock } from '@overdue/clock';
import { LRUCache } from 'lru-cache';
import type { FoundBySlug, FoundCheck, SlugAddress } from './check-loader.ts';
import { Loader } from './loader.ts';
import type { PingAddress } from './path.ts';
import { type CheckRules, NO_RULES } from './rules.ts';
import { flatCopy, ShortMemory } from './short-memory.ts';

/** What a ping URL leads to. */
export type Lookup = FoundCheckRef | 'unknown' | 'ambiguous';

export interface FoundCheckRef {
  readonly id: number;
  readonly rules: CheckRules;
  /** See {@link FoundCheck.rulesVersion}. */
  readonly rulesVersion: number;
}

/** A check without rules is remembered as one number: its id, above the 20 bits of its `rulesVersion`. */
const VERSIONS = 2 ** 20;
/** Larger ids do not fit beside it. */
const MAX_PACKED_ID = 2 ** 32;

export interface Loaders {
  byCode(codes: readonly string[]): Promise<FoundCheck[]>;
  bySlug(addresses: readonly SlugAddress[]): Promise<FoundBySlug[]>;
}

export interface CheckCacheOptions {
  readonly clock: Clock;
  readonly loaders: Loaders;
  /** Checks remembered; default a million. */
  readonly max?: number;
  /** How long an address that leads nowhere is remembered, in milliseconds; default 2000. */
  readonly unknownMs?: number;
  /** How many of those; default 20,000. */
  readonly maxUnknown?: number;
}

/**
 * Ping URL -> check id and rules. Kept true from outside: {@link CheckCache.changed} for each `check_changed`,
 * {@link CheckCache.clear} whenever notifications may have been missed.
 *
 * Small, because an installation may have a million checks: a check without rules of its own is one number beside its
 * code (about 130 bytes with the key, the map and the list). Addresses that lead nowhere are remembered for seconds, in
 * a room of their own, so that a flood of them neither reaches the database nor drives out the checks.
 */
export class CheckCache {
  hits = 0;
  misses = 0;
  readonly #checks: LRUCache<string, number | FoundCheckRef>;
  /** `pingKey/slug` -> code. */
  readonly #slugs: LRUCache<string, string>;
  /** Code or `pingKey/slug` -> what it was, for a few seconds. */
  readonly #nothing: ShortMemory<'unknown' | 'ambiguous'>;
  readonly #byCode: Loader<FoundCheck>;
  readonly #bySlug: Loader<FoundBySlug>;

  constructor(options: CheckCacheOptions) {
    const { loaders, max = 1_000_000 } = options;
    this.#checks = new LRUCache({ max });
    this.#slugs = new LRUCache({ max: Math.min(max, 100_000) });
    this.#nothing = new ShortMemory(options.clock, options.maxUnknown ?? Math.min(max, 20_000), options.unknownMs);
    this.#byCode = new Loader(
      (codes) => loaders.byCode(codes),
      (check) => check.code,
    );
    this.#bySlug = new Loader(
      (keys) =>
        loaders.bySlug(
          keys.map((key) => {
            const slash = key.indexOf('/');
            return { pingKey: key.slice(0, slash), slug: key.slice(slash + 1) };
          }),
        ),
      (check) => `${check.pingKey}/${check.slug}`,
    );
  }

  get size(): number {
    return this.#checks.size;
  }

  /** What is known now, or undefined. */
  peek(address: PingAddress): Lookup | undefined {
    let code: string | undefined;
    let key: string;
    if ('code' in address) {
      code = key = address.code;
    } else {
      key = `${address.pingKey}/${address.slug}`;
      code = this.#slugs.get(key);
    }
    const check = code === undefined ? undefined : this.#checks.get(code);
    const lookup = check === undefined ? this.#nothing.get(key) : typeof check === 'number' ? unpack(check) : check;
    if (lookup === undefined) this.misses++;
    else this.hits++;
    return lookup;
  }

  /** Asks the database; look-ups of one tick are one query, and nothing is asked twice at a time. @throws its errors */
  load(address: PingAddress): Promise<Lookup> {
    return new Promise((resolve, reject) => this.lookUp(address, resolve, reject));
  }

  /** {@link load} with callbacks. */
  lookUp(address: PingAddress, done: (lookup: Lookup) => void, failed: (error: unknown) => void): void {
    if ('code' in address) {
      this.#byCode.load(address.code, (found, fresh) => done(this.#foundByCode(address.code, found, fresh)), failed);
    } else {
      const key = `${address.pingKey}/${address.slug}`;
      this.#bySlug.load(key, (found, fresh) => done(this.#foundBySlug(key, found, fresh)), failed);
    }
  }

  #foundByCode(code: string, found: readonly FoundCheck[], fresh: boolean): Lookup {
    const check = found[0];
    if (check) return fresh ? this.#remember(check) : check;
    if (fresh) this.#nothing.set(code, 'unknown');
    return 'unknown';
  }

  #foundBySlug(key: string, found: readonly FoundBySlug[], fresh: boolean): Lookup {
    const [check, another] = found;
    if (check && !another) {
      if (!fresh) return check;
      this.#slugs.set(flatCopy(key), check.code);
      return this.#remember(check);
    }
    const lookup = check ? 'ambiguous' : 'unknown';
    if (fresh) this.#nothing.set(key, lookup);
    return lookup;
  }

  #remember(check: FoundCheck): FoundCheckRef {
    const { id, code, rules, rulesVersion } = check;
    const ref = { id, rules, rulesVersion };
    this.#checks.set(code, rules === NO_RULES && id < MAX_PACKED_ID ? id * VERSIONS + rulesVersion : ref);
    return ref;
  }

  /**
   * A check was made, edited, deleted, paused… Which slugs lead to it now is not said, so all of those are forgotten:
   * edits are rare, and a slug costs one look-up.
   * @returns its id, if it was known
   */
  changed(code: string): number | undefined {
    const check = this.#remembered(code);
    this.#checks.delete(code);
    this.#nothing.delete(code);
    this.#byCode.spoil(code);
    this.forgetSlugs();
    return check?.id;
  }

  /** The check had been edited when a ping to this address, judged by `rulesVersion`, came to it: we have not heard yet. */
  outdated(address: PingAddress, rulesVersion: number): void {
    const code = 'code' in address ? address.code : this.#slugs.peek(`${address.pingKey}/${address.slug}`);
    // Else it was looked up anew since.
    if (code !== undefined && this.#remembered(code)?.rulesVersion === rulesVersion) this.changed(code);
  }

  #remembered(code: string): FoundCheckRef | undefined {
    const check = this.#checks.peek(code);
    return typeof check === 'number' ? unpack(check) : check;
  }

  /** A project got another ping key, or a check another slug. */
  forgetSlugs(): void {
    if (this.#slugs.size > 0) this.#slugs.clear();
    // Codes in here fall away too; they are back after one look-up.
    this.#nothing.clear();
    this.#bySlug.spoilAll();
  }

  /** This check turned out not to exist any more. */
  forget(address: PingAddress): void {
    if ('code' in address) this.#checks.delete(address.code);
    else this.#slugs.delete(`${address.pingKey}/${address.slug}`);
  }

  clear(): void {
    this.#checks.clear();
    this.#byCode.spoilAll();
    this.forgetSlugs();
  }
}

function unpack(packed: number): FoundCheckRef {
  const id = Math.floor(packed / VERSIONS);
  return { id, rules: NO_RULES, rulesVersion: packed - id * VERSIONS };
}
