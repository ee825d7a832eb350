/** From an environment to a {@link Config}, or to everything that is wrong with it at once. */

import { contradictions } from './contradictions.ts';
import { held, heldPath } from './masking.ts';
import { ConfigError, type Problem } from './problems.ts';
import type { Definition } from './setting.ts';
import { readSource } from './source.ts';
import { type Config, type Name, TABLE } from './table.ts';
import { NO_REASON } from './values/value-type.ts';

const NAMES = Object.keys(TABLE) as Name[];

/** A default could not be made because a variable that it is made from has a problem of its own. */
class InputMissing extends Error {}

/**
 * Parses the whole environment at once; variables that are not in the table are ignored (see `nearMisses`).
 * Throws {@link ConfigError} that lists every problem: the name, what it held (secrets masked), what is allowed.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const problems: Problem[] = [];
  const values = new Map<Name, unknown>();
  const explicit = new Set<Name>();
  const failed = new Set<Name>();

  for (const name of NAMES) {
    const definition = TABLE[name] as Definition<unknown>;
    const source = readSource(env, name);
    if (source.kind === 'unset') continue;
    explicit.add(name);
    if (source.kind === 'unreadable') {
      failed.add(name);
      problems.push({
        name: `${name}_FILE`,
        held: heldPath(definition, source.file),
        allowed: `the path of a regular, readable file that holds ${name}; ${source.reason}`,
      });
      continue;
    }
    const result = definition.type.schema.safeParse(source.text);
    if (result.success) {
      values.set(name, result.data);
    } else {
      failed.add(name);
      const why = result.error.issues[0]?.message;
      problems.push({
        name,
        held: `${held(definition, source.text)}${source.file === null ? '' : ` (from the file in ${name}_FILE)`}`,
        allowed: `${definition.type.allowed}${why && why !== NO_REASON ? ` (${why})` : ''}`,
      });
    }
  }

  // Defaults may be made from other variables, which may have such a default themselves.
  const resolve = (name: Name): unknown => {
    if (failed.has(name)) throw new InputMissing();
    if (!values.has(name)) {
      const definition = TABLE[name] as Definition<unknown>;
      values.set(name, 'words' in definition.default ? definition.default.compute(inputs) : definition.default.value);
    }
    return values.get(name);
  };
  const inputs = new Proxy({} as Config, { get: (_, name) => resolve(name as Name) });
  for (const name of NAMES) {
    try {
      resolve(name);
    } catch (error) {
      if (!(error instanceof InputMissing)) throw error;
    }
  }

  const parsed = { get: <N extends Name>(name: N) => values.get(name) as Config[N] | undefined };
  problems.push(...contradictions(parsed, explicit));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(Object.fromEntries(NAMES.map((name) => [name, values.get(name)]))) as Config;
}
