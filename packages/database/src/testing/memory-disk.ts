import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const MEMORY_DISK = '/dev/shm';

/**
 * A directory for what is thrown away soon: in memory, where there is a disk of that kind with room (a test run creates and
 * deletes hundreds of databases of a thousand files each, and file systems on real disks are slow to use again what was
 * just deleted); else the usual one.
 * @param bytes that may come to lie there. Three times as much must be free, on that disk and in memory: others need some
 */
export function memoryDisk(bytes: number): string {
  try {
    accessSync(MEMORY_DISK, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY_DISK);
    // Containers may have less memory than their host, and 64 MB of such a disk.
    return Math.min(bavail * bsize, process.availableMemory()) >= 3 * bytes ? MEMORY_DISK : tmpdir();
  } catch {
    return tmpdir();
  }
}
