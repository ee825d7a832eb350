import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './segment-file.ts';

/** Ids of instances, newest last: whose pings the directory may hold. */
const OWNERS_FILE = 'owners.json';
/** More lives than this in a row without the database are not remembered; the oldest are found dead by waiting. */
const MOST = 50;

/**
 * Writes down that a spool directory belongs to an instance from now on.
 * @returns the instances to which it belonged before: they are dead, and what they accepted is ours to apply
 */
export async function takeOver(directory: string, instanceId: string): Promise<readonly string[]> {
  const former = await readOwners(directory);
  await replaceFile(join(directory, OWNERS_FILE), JSON.stringify([...former, instanceId].slice(-MOST)));
  return former;
}

/** Nobody waits for the former owners any more. */
export async function forgetFormer(directory: string, instanceId: string): Promise<void> {
  await replaceFile(join(directory, OWNERS_FILE), JSON.stringify([instanceId]));
}

async function readOwners(directory: string): Promise<string[]> {
  try {
    const owners: unknown = JSON.parse(await readFile(join(directory, OWNERS_FILE), 'utf8'));
    return Array.isArray(owners) ? owners.filter((id) => typeof id === 'string' && UUID.test(id)) : [];
  } catch {
    return [];
  }
}

const UUID = /^[0-9a-f-]{36}$/;
