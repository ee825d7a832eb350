import type { Sql } from './connect.ts';

/**
 * The live schema as text, for the committed `schema.txt` that makes a migration's effect visible in the diff. Read
 * from the catalogs (the embedded server brings no pg_dump), in an order that does not depend on creation order.
 */
export async function describeSchema(sql: Sql): Promise<string> {
  const columns = await sql<{ table: string; line: string }[]>`
    select c.relname as table,
           format('  %I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
             case when a.attnotnull then ' not null' else '' end,
             case a.attidentity when 'a' then ' generated always as identity' else '' end,
             coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) as line
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    order by c.relname, a.attnum`;
  const details = await sql<{ table: string; line: string }[]>`
    select "table", line from (
      select conrelid::regclass::text as "table", 1 as part, format('  constraint %I %s', conname, pg_get_constraintdef(oid)) as line
      from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n' and conrelid <> 0
      union all
      select tablename, 2, '  ' || indexdef from pg_indexes where schemaname = 'public'
      union all
      select tgrelid::regclass::text, 3, '  ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
      union all
      select relname, 4, '  with (' || array_to_string(reloptions, ', ') || ')' from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r' and reloptions is not null
    ) d order by "table", part, line`;
  const functions = await sql<{ text: string }[]>`
    select pg_get_functiondef(oid) as text from pg_proc where pronamespace = 'public'::regnamespace order by proname`;

  const tables = [...new Set(columns.map((c) => c.table))];
  const blocks = tables.map((table) =>
    [
      table,
      ...columns.filter((c) => c.table === table).map((c) => c.line),
      ...details.filter((d) => d.table === table).map((d) => d.line),
    ].join('\n'),
  );
  return `${[...blocks, ...functions.map((f) => f.text.trimEnd())].join('\n\n')}\n`;
}
