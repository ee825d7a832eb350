import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { memoryDisk } from '@overdue/database/testing/memory-disk';
import { OpenFiles } from './open-files.ts';
import type { Random } from './random.ts';

/** More than all spools of a run take. */
const SIZE = 2 ** 26;

/** The disks of a world's hosts: one directory for each life of a process, which begins with what the one before left. */
export class Disks {
  readonly files = new OpenFiles();
  readonly #root = mkdtempSync(join(memoryDisk(SIZE), 'overdue-sim-'));
  /** How often each host's process has died. */
  readonly #deaths = new Map<string, number>();

  /**
   * The spool directory of `host` as its process finds it at a start.
   * @param onDamage what was written last may be half a write: called then
   */
  spoolDirectory(host: string, random: Random, onDamage: () => void): string {
    const directory = this.#disk(host);
    if (!this.#deaths.has(host)) {
      mkdirSync(directory, { recursive: true });
      return directory;
    }
    const newest = readdirSync(directory)
      .filter((name) => name.endsWith('.seg'))
      .sort()
      .at(-1);
    if (newest && random.chance(0.3)) {
      onDamage();
      appendFileSync(join(directory, newest), Buffer.alloc(random.int(1, 40), random.int(0, 255)));
    }
    return directory;
  }

  /** A disk outlives the process, as it is now: what the dead one may still do to its files is nobody's concern. */
  save(host: string): void {
    const left = this.#disk(host);
    this.#deaths.set(host, (this.#deaths.get(host) ?? 0) + 1);
    cpSync(left, this.#disk(host), { recursive: true });
    rmSync(join(this.#disk(host), 'lock'), { force: true });
  }

  async close(): Promise<void> {
    await this.files.closeIn(this.#root);
    rmSync(this.#root, { recursive: true, force: true });
  }

  #disk(host: string): string {
    return join(this.#root, `${host.replace(' ', '-')}-${this.#deaths.get(host) ?? 0}`);
  }
}

/** Whether something is on its way to a disk. CloseReq: a file handle that is being closed. */
export function diskIsBusy(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq') || name === 'CloseReq');
}
