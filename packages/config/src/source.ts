/** Where a variable's text comes from: the environment, or a file that the environment names. */
import { readFileSync, statSync } from 'node:fs';

/** No setting is longer than this; a file that is names the wrong thing (a device, a log). */
const MAX_FILE_BYTES = 1_048_576;

export type Source =
  | { readonly kind: 'unset' }
  | { readonly kind: 'text'; readonly text: string; readonly file: string | null }
  | { readonly kind: 'unreadable'; readonly file: string; readonly reason: string };

/**
 * The text of the variable `name`: the trimmed content of the file that `NAME_FILE` names, when that is set and not
 * empty, else the variable itself (configuration.md section 1, there for fifteen secrets, here for every variable).
 */
export function readSource(env: NodeJS.ProcessEnv, name: string): Source {
  const file = env[`${name}_FILE`];
  if (file !== undefined && file !== '') return readFile(file);
  const text = env[name];
  return text === undefined ? { kind: 'unset' } : { kind: 'text', text, file: null };
}

function readFile(file: string): Source {
  try {
    const stat = statSync(file); // follows links: mounted secrets are often links
    if (!stat.isFile()) return { kind: 'unreadable', file, reason: 'it is not a regular file' };
    if (stat.size > MAX_FILE_BYTES) return { kind: 'unreadable', file, reason: 'it is larger than 1 MiB' };
    return { kind: 'text', text: readFileSync(file, 'utf8').trim(), file };
  } catch (error) {
    return { kind: 'unreadable', file, reason: explain(error) };
  }
}

function explain(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'this process may not read it';
  if (code === 'ERR_INVALID_ARG_VALUE') return 'it is not a path'; // it holds a NUL
  return typeof code === 'string' ? `reading it failed (${code})` : 'reading it failed';
}
