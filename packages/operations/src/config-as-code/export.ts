import type { Database } from '@overdue/database';
import { Document, isMap, Scalar, visit, type YAMLMap } from 'yaml';
import type { ChannelRow } from '../channels/channels.ts';
import { type CheckRow, NEW_CHECK } from '../checks/row.ts';
import { readProject } from './apply.ts';
import { formatDuration } from './duration.ts';
import { channelKey, checkKey } from './keys.ts';
import type { ChannelKinds } from './kinds.ts';
import type { Current } from './plan.ts';

export interface ExportOptions {
  readonly kinds: ChannelKinds;
  /** Also writes the settings of integrations, secrets and all. Without them the file still applies to this project. */
  readonly secrets?: boolean;
}

const TEXTS = ['desc', 'methods', 'start_kw', 'success_kw', 'failure_kw'] as const;
const FLAGS = ['manual_resume', 'filter_subject', 'filter_body', 'filter_http_body', 'filter_default_fail'] as const;

/**
 * A project as a file that {@link applyConfig} finds nothing to do with. Nothing is left out but fields with their
 * default; what has no slug or name of its own is called by a stand-in (keys.ts).
 */
export async function exportConfig(
  database: Database,
  project: { readonly id: number },
  options: ExportOptions,
): Promise<string> {
  const current = await database.sql.begin('read only', (sql) => readProject(sql, project.id, false));
  const document = new Document({
    channels: current.channels.map((row) => channelEntry(row, current, options)),
    checks: current.checks.map((row) => checkEntry(row, current)),
  });
  separate(document);
  return printed(document);
}

/** What may not stand in YAML as it is, or ends a line for some readers: DEL, C1, separators, marks of byte order. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** What the library would write as a block and read back without: blanks at its beginning, or at the end of a line. */
const LOST_IN_BLOCKS = /^\s*?[ \t][\s\S]*\n|[ \t](\n|$)/;

/** The library escapes control characters below a space only; with double quotes, others can be escaped as well. */
function printed(document: Document): string {
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value !== 'string') return;
      const needsQuotes = node.value.search(UNPRINTABLE) !== -1 || LOST_IN_BLOCKS.test(node.value);
      if (needsQuotes) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return document.toString({ lineWidth: 0 }).replace(UNPRINTABLE, escaped);
}

function channelEntry(row: ChannelRow, current: Current, { kinds, secrets }: ExportOptions): Record<string, unknown> {
  const filled = secrets ? kinds.fill(row.kind, row.value) : null;
  // What looks like a variable is not to be filled in.
  const settings =
    filled &&
    Object.entries(filled).map(([name, text]) => [
      name,
      typeof text === 'string' ? text.replace(/\$\{/g, () => '$${') : text,
    ]);
  const name = channelKey(row, current.channels);
  return { name, kind: row.kind, ...(settings ? { settings: Object.fromEntries(settings) } : {}) };
}

function checkEntry(row: CheckRow, current: Current): Record<string, unknown> {
  const linked = current.links.get(row.id) ?? [];
  const entry: Record<string, unknown> = { slug: checkKey(row, current.checks), name: row.name };
  if (row.tags !== '') entry.tags = tagsEntry(row.tags);
  if (row.kind === 'simple') {
    entry.timeout = formatDuration(row.timeout);
  } else {
    entry.schedule = row.schedule;
    if (row.tz !== NEW_CHECK.tz) entry.tz = row.tz;
  }
  entry.grace = formatDuration(row.grace);
  for (const column of [...TEXTS, ...FLAGS]) if (row[column] !== NEW_CHECK[column]) entry[column] = row[column];
  // By name also when it has all: "all" would take in what is added later.
  entry.channels = current.channels.filter((c) => linked.includes(c.id)).map((c) => channelKey(c, current.channels));
  return entry;
}

/** A list when that says the same. */
function tagsEntry(tags: string): string | string[] {
  const list = tags.split(' ');
  return list.every((tag) => tag !== '' && !/\s/.test(tag)) ? list : tags;
}

/** An empty line between entries, short lists on one line. */
function separate(document: Document): void {
  for (const section of ['channels', 'checks']) {
    const list = document.get(section) as { items: unknown[]; flow?: boolean };
    for (const [i, item] of list.items.entries()) {
      if (!isMap(item)) continue;
      if (i > 0) item.spaceBefore = true;
      for (const pair of (item as YAMLMap<unknown, { items?: unknown[]; flow?: boolean }>).items) {
        if (pair.value && 'items' in pair.value && !isMap(pair.value)) pair.value.flow = true;
      }
    }
  }
}
