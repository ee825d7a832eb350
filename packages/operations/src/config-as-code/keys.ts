import type { ChannelRow } from '../channels/channels.ts';
import type { CheckRow } from '../checks/row.ts';

/**
 * How a file tells checks apart, and integrations: by slug and by name. A row that has none of its own (it is empty, or
 * another row has it, too) is called by a stand-in that never changes, so that nothing has to be left out of a file.
 */

type CheckKey = Pick<CheckRow, 'id' | 'code' | 'slug'>;
type ChannelKey = Pick<ChannelRow, 'id' | 'code' | 'kind' | 'name'>;

const standInSlug = (row: CheckKey) => `check-${row.code.slice(0, 8)}`;
const standInName = (row: ChannelKey) => `${row.kind}-${row.code.slice(0, 8)}`;

/** What the check is called in a file. */
export function checkKey(row: CheckKey, all: readonly CheckKey[]): string {
  const own = row.slug !== '' && all.filter((other) => other.slug === row.slug).length === 1;
  return own ? row.slug : standInSlug(row);
}

/** What the integration is called in a file. */
export function channelKey(row: ChannelKey, all: readonly ChannelKey[]): string {
  const own = row.name !== '' && all.filter((other) => other.name === row.name).length === 1;
  return own ? row.name : standInName(row);
}

/** The checks that a file's slug means; more than one: it does not say which. */
export function checksCalled<R extends CheckKey>(key: string, all: readonly R[]): readonly R[] {
  const named = all.filter((row) => row.slug === key);
  return named.length > 0 ? named : all.filter((row) => standInSlug(row) === key);
}

/** The integrations that a file's name means; more than one: it does not say which. */
export function channelsCalled<R extends ChannelKey>(key: string, all: readonly R[]): readonly R[] {
  const named = all.filter((row) => row.name === key);
  return named.length > 0 ? named : all.filter((row) => standInName(row) === key);
}
