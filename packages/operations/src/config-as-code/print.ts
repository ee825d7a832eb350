import { formatDuration } from './duration.ts';
import type { Change, Difference, Plan } from './plan.ts';

const SIGNS = { create: '+', update: '~', delete: '-' } as const;

/** A plan for people: one line for each thing that changes, below it what changes about it. */
export function printPlan({ changes, unchanged }: Plan): string {
  if (changes.length === 0) return `Nothing to do: ${unchanged} as wanted.\n`;
  const counts = (['create', 'update', 'delete'] as const)
    .map((action) => [action, changes.filter((change) => change.action === action).length] as const)
    .filter(([, count]) => count > 0)
    .map(([action, count]) => `${count} to ${action}`);
  return `${changes.map(printChange).join('')}\n${[...counts, `${unchanged} unchanged`].join(', ')}.\n`;
}

function printChange(change: Change): string {
  const lines = change.differences.map((difference) => `    ${printDifference(difference, change.action)}\n`);
  return `${SIGNS[change.action]} ${change.object} ${change.key}\n${lines.join('')}`;
}

function printDifference({ field, from, to }: Difference, action: Change['action']): string {
  return action === 'create'
    ? `${field}: ${printValue(field, to)}`
    : `${field}: ${printValue(field, from)} → ${printValue(field, to)}`;
}

function printValue(field: string, value: unknown): string {
  if ((field === 'timeout' || field === 'grace') && typeof value === 'number') return formatDuration(value);
  return field === 'settings' || field === 'kind' ? String(value) : JSON.stringify(value);
}
