import type { Sql } from '../connect.ts';

const TYPES: Record<string, string> = {
  bigint: 'number',
  integer: 'number',
  smallint: 'number',
  'double precision': 'number',
  boolean: 'boolean',
  text: 'string',
  uuid: 'string',
  bytea: 'Buffer',
  'timestamp with time zone': 'Instant',
};

/**
 * Kysely's table types as TypeScript source, from the live schema. A text column with a `check (column in (…))` becomes
 * the union of its values; jsonb is read as unknown and written as a JSON text or value.
 */
export async function tablesSource(sql: Sql): Promise<string> {
  const columns = await sql<
    { table: string; column: string; type: string; notNull: boolean; identity: boolean; hasDefault: boolean }[]
  >`
    select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type, a.attnotnull as "notNull",
           a.attidentity = 'a' as identity, a.atthasdef as "hasDefault"
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not like 'schema_migrations%'
    order by c.relname, a.attnum`;
  const checks = await sql<{ table: string; definition: string }[]>`
    select conrelid::regclass::text as table, pg_get_constraintdef(oid) as definition
    from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace and conrelid <> 0`;

  const union = (table: string, column: string): string | undefined => {
    for (const check of checks) {
      const match = /^CHECK \(\(\(?"?(\w+)"? = ANY \(ARRAY\[(.*)\]\)\)\)$/.exec(check.definition);
      if (check.table !== table || match?.[1] !== column || !/::text/.test(match[2]!)) continue;
      return [...match[2]!.matchAll(/'((?:[^']|'')*)'::text/g)].map((m) => `'${m[1]}'`).join(' | ');
    }
    return undefined;
  };
  const field = (c: (typeof columns)[number]): string => {
    if (c.identity) return `  ${c.column}: GeneratedAlways<number>;`;
    if (c.type === 'jsonb') {
      const json = `ColumnType<unknown, ${c.notNull && !c.hasDefault ? 'unknown' : 'unknown | undefined'}, unknown>`;
      return `  ${c.column}: ${json};`;
    }
    const plain = union(c.table, c.column) ?? TYPES[c.type];
    if (!plain) throw new Error(`No TypeScript type for ${c.table}.${c.column}: ${c.type}`);
    const type = c.notNull ? plain : `${plain} | null`;
    return `  ${c.column}: ${c.hasDefault && c.notNull ? `Generated<${type}>` : type};`;
  };
  const pascal = (name: string) => name.replace(/(^|_)(\w)/g, (_all, _sep, letter: string) => letter.toUpperCase());
  const tables = [...new Set(columns.map((c) => c.table))];
  return `// Generated from the live schema; \`npx vitest run packages/database -u\` writes it anew.
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

/** Epoch milliseconds; timestamptz in the database. */
export type Instant = number;

${tables
  .map(
    (t) =>
      `export interface ${pascal(t)}Table {\n${columns
        .filter((c) => c.table === t)
        .map(field)
        .join('\n')}\n}`,
  )
  .join('\n\n')}

export interface DB {
${tables.map((t) => `  ${t}: ${pascal(t)}Table;`).join('\n')}
}
`;
}
