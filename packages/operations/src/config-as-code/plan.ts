import { isDeepStrictEqual } from 'node:util';
import type { ChannelRow } from '../channels/channels.ts';
import { type CheckRow, EDITABLE_COLUMNS, type EditableColumns, NEW_CHECK } from '../checks/row.ts';
import type { Wanted, WantedChannel, WantedCheck } from './file.ts';
import { channelKey, channelsCalled, checksCalled } from './keys.ts';
import type { ChannelKinds } from './kinds.ts';

/** A project as it is. */
export interface Current {
  readonly checks: readonly CheckRow[];
  readonly channels: readonly ChannelRow[];
  /** Ids of channels by id of check. */
  readonly links: ReadonlyMap<number, readonly number[]>;
}

/** One difference, for people. Values of settings are not shown. */
export interface Difference {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

export type Change = (
  | { readonly object: 'channel'; readonly action: 'create'; readonly settings: ChannelColumns; readonly kind: string }
  | {
      readonly object: 'channel';
      readonly action: 'update';
      readonly row: ChannelRow;
      readonly settings: ChannelColumns;
    }
  | { readonly object: 'check'; readonly action: 'create'; readonly columns: EditableColumns; readonly links: Links }
  | {
      readonly object: 'check';
      readonly action: 'update';
      readonly row: CheckRow;
      readonly columns: Partial<EditableColumns>;
      readonly links: Links | undefined;
    }
  | { readonly object: 'check'; readonly action: 'delete'; readonly row: CheckRow }
) & { readonly key: string; readonly differences: readonly Difference[] };

interface ChannelColumns {
  readonly value: unknown;
  readonly notify_down: boolean;
  readonly notify_up: boolean;
}

/** Channels of a check: rows that are there, and names of those that this plan makes. */
export interface Links {
  readonly ids: readonly number[];
  readonly made: readonly string[];
}

export interface Plan {
  readonly changes: readonly Change[];
  /** Entries of the file that are as they should be. */
  readonly unchanged: number;
}

/** What has to be done so that the project is as wanted, or why that cannot be done. */
export function makePlan(
  wanted: Wanted,
  current: Current,
  options: { readonly kinds: ChannelKinds; readonly prune: boolean },
): { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly errors: readonly string[] } {
  const errors: string[] = [];
  const changes: Change[] = [];
  let unchanged = 0;
  const note = (change: Change | null) => {
    if (change) changes.push(change);
    else unchanged++;
  };

  for (const channel of wanted.channels) {
    const result = planChannel(channel, current, options.kinds);
    if (typeof result === 'string') errors.push(`channel ${channel.name}: ${result}`);
    else note(result);
  }
  for (const check of wanted.checks) {
    const result = planCheck(check, wanted, current);
    if (typeof result === 'string') errors.push(`check ${check.slug}: ${result}`);
    else note(result);
  }
  if (options.prune && !wanted.listsChecks) {
    errors.push('the file has no checks; --prune would delete all (`checks: []` says that it should)');
  } else if (options.prune) {
    const kept = new Set(wanted.checks.flatMap(({ slug }) => checksCalled(slug, current.checks)));
    for (const row of current.checks) {
      if (kept.has(row)) continue;
      changes.push({ object: 'check', action: 'delete', row, key: row.slug || row.name || row.code, differences: [] });
    }
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, plan: { changes, unchanged } };
}

function planChannel(wanted: WantedChannel, current: Current, kinds: ChannelKinds): Change | null | string {
  const rows = channelsCalled(wanted.name, current.channels);
  if (rows.length > 1)
    return 'several integrations of the project have this name; `overdue export` shows what to call each';
  const row = rows[0];
  if (row && row.kind !== wanted.kind) return `is of kind ${row.kind} in the project; the kind cannot be changed`;
  if (wanted.settings === undefined)
    return row ? null : 'is not in the project, and without settings it cannot be added';
  const parsed = kinds.parse(wanted.kind, wanted.settings);
  if (!parsed.ok) return parsed.message;
  const { notify_down, notify_up } = parsed;
  // Some kinds keep the name within the value.
  const value = isNamed(parsed.value) ? { ...parsed.value, name: row ? row.name : wanted.name } : parsed.value;
  const settings = { value, notify_down, notify_up };
  const refusal = kinds.refusal(wanted.kind);
  if (!row) {
    if (refusal !== null) return refusal;
    const differences = [{ field: 'kind', from: undefined, to: wanted.kind }];
    return { object: 'channel', action: 'create', kind: wanted.kind, key: wanted.name, settings, differences };
  }
  if (kinds.same(row.kind, row.value, value)) return null;
  if (refusal !== null) return refusal;
  const differences = [{ field: 'settings', from: '(not shown)', to: '(changed)' }];
  return { object: 'channel', action: 'update', key: wanted.name, row, settings, differences };
}

function isNamed(value: unknown): value is { name: string } {
  return typeof value === 'object' && value !== null && 'name' in value;
}

function planCheck(wanted: WantedCheck, file: Wanted, current: Current): Change | null | string {
  const rows = checksCalled(wanted.slug, current.checks);
  if (rows.length > 1) return 'several checks of the project have this slug; `overdue export` shows what to call each';
  const row = rows[0];
  const links = wanted.channels === undefined && row ? undefined : resolveLinks(wanted.channels ?? '*', file, current);
  if (typeof links === 'string') return links;
  if (!row) {
    const differences = [
      ...differencesOf(NEW_CHECK, wanted.columns),
      { field: 'channels', from: undefined, to: names(links!, current) },
    ].filter(({ field }) => field !== 'slug');
    return { object: 'check', action: 'create', key: wanted.slug, columns: wanted.columns, links: links!, differences };
  }
  // What the other kind of schedule would use is kept, as everywhere (M-39); a stand-in is nobody's slug.
  const ignored: readonly string[] = ['slug', ...(wanted.columns.kind === 'simple' ? ['schedule', 'tz'] : ['timeout'])];
  const differences = differencesOf(row, wanted.columns).filter(({ field }) => !ignored.includes(field));
  const columns = Object.fromEntries(
    differences.map(({ field }) => [field, wanted.columns[field as keyof EditableColumns]]),
  );
  const before = { ids: current.links.get(row.id) ?? [], made: [] };
  const linked = links && !sameLinks(before, links);
  if (linked) differences.push({ field: 'channels', from: names(before, current), to: names(links, current) });
  if (differences.length === 0) return null;
  const change = { object: 'check', action: 'update', key: wanted.slug, row, columns, differences } as const;
  return { ...change, links: linked ? links : undefined };
}

function resolveLinks(wanted: '*' | readonly string[], file: Wanted, current: Current): Links | string {
  const isMade = (name: string) =>
    file.channels.some((c) => c.name === name) && channelsCalled(name, current.channels).length === 0;
  if (wanted === '*') {
    return { ids: current.channels.map((c) => c.id), made: file.channels.map((c) => c.name).filter(isMade) };
  }
  const ids = new Set<number>();
  const made = new Set<string>();
  for (const item of wanted) {
    const byCode = current.channels.filter((row) => row.code === item);
    const rows = byCode.length > 0 ? byCode : channelsCalled(item, current.channels);
    if (rows.length > 1) return `several integrations are called "${item}"`;
    if (rows[0]) ids.add(rows[0].id);
    else if (isMade(item)) made.add(item);
    else return `there is no integration "${item}", neither in the project nor in the file`;
  }
  return { ids: [...ids], made: [...made] };
}

function sameLinks(a: Links, b: Links): boolean {
  return b.made.length === 0 && isDeepStrictEqual(new Set(a.ids), new Set(b.ids));
}

function names({ ids, made }: Links, current: Current): string[] {
  const known = current.channels.filter((row) => ids.includes(row.id)).map((row) => channelKey(row, current.channels));
  return [...known, ...made];
}

function differencesOf(from: EditableColumns, to: EditableColumns): Difference[] {
  return EDITABLE_COLUMNS.filter((column) => from[column] !== to[column]).map((field) => ({
    field,
    from: from[field],
    to: to[field],
  }));
}
