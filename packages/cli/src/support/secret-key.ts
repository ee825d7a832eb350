import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '@overdue/observability';
import { makeDirectory } from './directory.ts';

/**
 * The key that is kept in DATA_DIR for installations that configure none: made at the first call, readable by its owner
 * only. Two first calls at the same moment get the same key.
 */
export function generatedSecretKey(dataDir: string): string {
  const file = join(dataDir, 'secret_key');
  const existing = read(file);
  if (existing !== null) return existing;
  makeDirectory(dataDir, 'DATA_DIR');
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(40).toString('base64url')}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return read(file)!;
}

function read(file: string): string | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  if (text.length >= 32) return text;
  throw new StartError(
    `${file} should hold the generated secret key but is cut short. Put the key back from a backup; or delete the ` +
      'file to have a new one made, which ends all sessions and makes all API keys invalid.',
  );
}
