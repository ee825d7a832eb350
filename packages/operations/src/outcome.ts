/** Why something was not done. Nothing was changed. `message` is a sentence for the person who asked. */
export type Refusal =
  /** There is no such check, channel or project, or not in the project that was named. */
  | { readonly refused: 'not-found'; readonly message: string }
  /** The owner has as many checks as their `check_limit` allows (accounts.md §18). */
  | { readonly refused: 'check-limit'; readonly message: string }
  /** A channel was named that the project does not have (management-api.md §7.6). `message` is the API's text. */
  | { readonly refused: 'channels'; readonly message: string }
  /** A check was named that the project does not have. `message` is the API's text. */
  | { readonly refused: 'checks'; readonly message: string }
  /** Only a paused check can be resumed (H2). */
  | { readonly refused: 'not-paused'; readonly message: string }
  /** A field holds something that is not allowed. `message` is the API's text, `field` its name. */
  | { readonly refused: 'invalid'; readonly field: string; readonly message: string };

export type Outcome<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & Refusal);

/** It was done. */
export function done<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** It was not done, and why. */
export function refuse<R extends Refusal>(refusal: R): { readonly ok: false } & R {
  return { ok: false, ...refusal };
}

export const NO_SUCH_CHECK = { refused: 'not-found', message: 'There is no such check.' } as const;
export const NO_SUCH_CHANNEL = { refused: 'not-found', message: 'There is no such integration.' } as const;
export const NO_SUCH_PROJECT = { refused: 'not-found', message: 'There is no such project.' } as const;
export const AT_CHECK_LIMIT = {
  refused: 'check-limit',
  message: "The project owner's account has as many checks as it may have.",
} as const;

/** Thrown inside a transaction to roll it back and answer with the refusal. Never leaves this package. */
class RolledBack extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** Ends the transaction without a trace; see {@link outcomeOf}. */
export function rollBack(refusal: Refusal): never {
  throw new RolledBack(refusal);
}

/** A statement each may be out of date after a migration, and one that is hides the next. */
const ATTEMPTS = 10;

/**
 * Runs a transaction; a {@link rollBack} in it becomes its outcome.
 * @param transaction runs again when the database rolled it back for what is gone at the next attempt: another
 * transaction stood in its way, or a migration made a statement of the connection out of date
 */
export async function outcomeOf<T>(transaction: () => Promise<T>): Promise<Outcome<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return done(await transaction());
    } catch (error) {
      if (error instanceof RolledBack) return refuse(error.refusal);
      if (attempt === ATTEMPTS || !mayBeRepeated(error)) throw error;
    }
  }
}

/** 40: rolled back for another transaction's sake. `RevalidateCachedQuery`: "cached plan must not change result type". */
function mayBeRepeated(error: unknown): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  return (typeof code === 'string' && /^40[0-9A-Z]{3}$/.test(code)) || routine === 'RevalidateCachedQuery';
}
