import { MAX_SLUG } from '@overdue/checks';
import type { Clock } from '@overdue/clock';
import { ALL_CHANNELS, createCheck } from '@overdue/operations';
import { Loader, type PatientPool, type Provisioner, ShortMemory } from '@overdue/pings';

type Address = Parameters<Provisioner['create']>[0];
type Made = 'created' | 'exists' | 'refused';

/** Ping keys and addresses for which nothing is made, remembered for seconds; as many as unknown addresses. */
const MAX_REFUSED = 20_000;

export interface CheckProvisionerOptions {
  readonly clock: Clock;
  /** For questions. */
  readonly pool: PatientPool;
  /** Two connections of its own: making a check waits for whoever changes the same owner's checks, and nobody else may. */
  readonly making: PatientPool;
}

/**
 * Makes checks for `create=1` (ping-api.md section 9): name and slug are the URL's slug, everything else is default,
 * all of the project's channels are assigned. Serialised by an advisory lock for each address, so that of several
 * requests at once, through any ingester, one makes the check (P-54).
 *
 * Whoever does not know a ping key can make it do nothing but look for projects, thousands in a query, and remember
 * that there are none.
 */
export class CheckProvisioner implements Provisioner {
  readonly #options: CheckProvisionerOptions;
  /** By ping key: there is no such project, or no room in it. */
  readonly #closed: ShortMemory<true>;
  readonly #projects: Loader<Project>;
  /** One at a time here: it holds one connection while `createCheck` uses another. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #underWay = new Map<string, Promise<Made>>();
  waiting = 0;

  constructor(options: CheckProvisionerOptions) {
    this.#options = options;
    this.#closed = new ShortMemory(options.clock, MAX_REFUSED);
    this.#projects = new Loader(
      (keys) =>
        options.pool.run(
          ({ sql }) => sql<Project[]>`
            select id, ping_key as "pingKey" from projects where ping_key = any(${keys as string[]})`,
        ),
      (project) => project.pingKey,
    );
  }

  hasRefused({ pingKey, slug }: Address): boolean {
    // P-53: nothing is made for a slug that does not fit.
    return slug.length > MAX_SLUG || this.#closed.get(pingKey) !== undefined;
  }

  /** Something changed about a project. */
  forget(): void {
    this.#closed.clear();
    this.#projects.spoilAll();
  }

  async create(address: Address): Promise<Made> {
    if (this.hasRefused(address)) return 'refused';
    const key = `${address.pingKey}/${address.slug}`;
    const same = this.#underWay.get(key);
    if (same) return same.then((result) => (result === 'created' ? 'exists' : result));
    const result = this.#create(address);
    this.#underWay.set(key, result);
    return result.finally(() => this.#underWay.delete(key));
  }

  async #create(address: Address): Promise<Made> {
    const project = await this.#project(address.pingKey);
    if (!project) return 'refused';
    this.waiting++;
    const made = this.#last.then(() => (this.hasRefused(address) ? 'refused' : this.#make(project, address.slug)));
    this.#last = made.catch(() => {}).finally(() => this.waiting--);
    return made;
  }

  #project(pingKey: string): Promise<Project | null> {
    return new Promise((resolve, reject) => {
      const found = ([project]: readonly Project[], fresh: boolean) => {
        if (!project && fresh) this.#closed.set(pingKey, true);
        resolve(project ?? null);
      };
      this.#projects.load(pingKey, found, reject);
    });
  }

  #make({ id, pingKey }: Project, slug: string): Promise<Made> {
    const { clock, making } = this.#options;
    return making.run((database) =>
      database.sql.begin(async (sql) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(${`ping ${pingKey}/${slug}`}, 0))`;
        const [taken] = await sql`select from checks where project_id = ${id} and slug = ${slug} limit 1`;
        if (taken) return 'exists';
        const made = await createCheck(database, clock, {
          projectId: id,
          fields: { name: slug, slug },
          channels: ALL_CHANNELS,
          limitFactor: 2,
        });
        if (made.ok) return 'created';
        this.#closed.set(pingKey, true);
        return 'refused';
      }),
    );
  }
}

interface Project {
  readonly id: number;
  readonly pingKey: string;
}
