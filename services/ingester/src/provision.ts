import type { Clock } from '@overdue/clock';
import { ALL_CHANNELS, createCheck, MAX_SLUG } from '@overdue/operations';
import type { PatientPool, Provisioner } from '@overdue/pings';

/**
 * Makes checks for `create=1` (ping-api.md section 9): name and slug are the URL's slug, everything else is default,
 * all of the project's channels are assigned. Serialised by an advisory lock for each address, so that of several
 * requests at once, through any ingester, one makes the check (P-54).
 */
export class CheckProvisioner implements Provisioner {
  readonly #clock: Clock;
  readonly #pool: PatientPool;
  /** One at a time here: it holds one connection while `createCheck` uses another. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #underWay = new Map<string, Promise<'created' | 'exists' | 'refused'>>();

  constructor(clock: Clock, pool: PatientPool) {
    this.#clock = clock;
    this.#pool = pool;
  }

  create(address: { pingKey: string; slug: string }): Promise<'created' | 'exists' | 'refused'> {
    const key = `${address.pingKey}/${address.slug}`;
    const same = this.#underWay.get(key);
    if (same) return same.then((result) => (result === 'created' ? 'exists' : result));
    const result = this.#last.then(() => this.#create(address));
    this.#underWay.set(key, result);
    this.#last = result.catch(() => {}).finally(() => this.#underWay.delete(key));
    return result;
  }

  async #create({ pingKey, slug }: { pingKey: string; slug: string }): Promise<'created' | 'exists' | 'refused'> {
    // P-53: nothing is made for a slug that does not fit.
    if (slug.length > MAX_SLUG) return 'refused';
    return this.#pool.run((database) =>
      database.sql.begin(async (sql) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(${`ping ${pingKey}/${slug}`}, 0))`;
        const [project] = await sql<{ id: number; taken: boolean }[]>`
          select p.id, exists (select from checks c where c.project_id = p.id and c.slug = ${slug}) as taken
          from projects p where p.ping_key = ${pingKey}`;
        if (!project) return 'refused';
        if (project.taken) return 'exists';
        const made = await createCheck(database, this.#clock, {
          projectId: project.id,
          fields: { name: slug, slug },
          channels: ALL_CHANNELS,
          limitFactor: 2,
        });
        return made.ok ? 'created' : 'refused';
      }),
    );
  }
}
