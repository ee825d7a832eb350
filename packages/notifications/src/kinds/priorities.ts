import type { Field } from '../kind.ts';

/** Two selects, for down and up. `choices` from the highest. */
export function priorityFields(
  names: readonly [down: string, up: string],
  choices: readonly (readonly [value: number, label: string])[],
  initial: number,
): Field[] {
  const labels = ['Priority when a check goes down', 'Priority when a check comes back up'];
  return names.map((name, i) => ({
    name,
    label: labels[i]!,
    type: 'select',
    initial: String(initial),
    choices: choices.map(([value, label]) => ({ value: String(value), label })),
  }));
}

/** One of `choices`; null: something else. Missing is `initial`. */
export function priorityInput(
  value: string | undefined,
  choices: readonly (readonly [value: number, label: string])[],
  initial: number,
): number | null {
  const text = value ?? String(initial);
  return choices.find(([n]) => String(n) === text)?.[0] ?? null;
}
