import { forgetFormer, type PatientPool, takeOver } from '@overdue/pings';
import { succeed } from '@overdue/pings/vouching';

/**
 * Our former lives on this spool directory are dead, and what they left is ours: once we vouch for it, nobody has to
 * wait until that is found out.
 */
export class Succession {
  readonly #directory: string;
  readonly #instanceId: string;
  /** Rows in `instances` that are still to be ended. */
  #former: readonly string[];

  private constructor(directory: string, instanceId: string, former: readonly string[]) {
    this.#directory = directory;
    this.#instanceId = instanceId;
    this.#former = former;
  }

  /** Enters upon a directory that is locked. A disk that does not take the names costs those who wait some seconds. */
  static async begin(directory: string, instanceId: string): Promise<Succession> {
    const former = await takeOver(directory, instanceId).catch((): readonly string[] => []);
    return new Succession(directory, instanceId, former);
  }

  /** To be called after each beat of the watermark: ends the former rows, when that is not done yet. Never rejects. */
  async complete(pool: PatientPool): Promise<void> {
    if (this.#former.length === 0) return;
    // The database is away: the next beat tries again.
    const done = await pool.run(({ sql }) => succeed(sql, this.#instanceId, this.#former)).catch(() => false);
    if (!done) return;
    this.#former = [];
    // They stay in the file, and the next process ends rows that have ended.
    await forgetFormer(this.#directory, this.#instanceId).catch(() => {});
  }
}
