import type { EventEmitter } from 'node:events';
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** Files that were opened while {@link withOpenFiles} runs: a process that died in the simulation closes none of its. */
export class OpenFiles {
  readonly #handles = new Set<{ readonly path: string; readonly handle: FileHandle }>();

  note(path: string, handle: FileHandle): void {
    const entry = { path, handle };
    this.#handles.add(entry);
    // An EventEmitter, which its types do not say.
    (handle as unknown as EventEmitter).once('close', () => this.#handles.delete(entry));
  }

  /** Closes those below `directory`. */
  async closeIn(directory: string): Promise<void> {
    const theirs = [...this.#handles].filter(({ path }) => path.startsWith(`${directory}/`));
    await Promise.all(theirs.map(({ handle }) => handle.close().catch(() => undefined)));
  }
}

export async function withOpenFiles<T>(files: OpenFiles, use: () => Promise<T>): Promise<T> {
  const { open } = fs;
  fs.open = async (path, ...rest) => {
    const handle = await open(path, ...rest);
    files.note(String(path), handle);
    return handle;
  };
  syncBuiltinESMExports();
  try {
    return await use();
  } finally {
    fs.open = open;
    syncBuiltinESMExports();
  }
}
