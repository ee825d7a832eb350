import type { Sql } from './connect.ts';
import type { Instant } from './generated/tables.ts';

/** Announces a process. `id` is a fresh UUID made by it. */
export async function registerInstance(
  sql: Sql,
  instance: { id: string; service: string; host: string; pid: number; startedAt: Instant },
): Promise<void> {
  await sql`
    insert into instances (id, service, host, pid, started_at)
    values (${instance.id}, ${instance.service}, ${instance.host}, ${instance.pid}, ${instance.startedAt})
    on conflict (id) do update set seen_at = now(), stopped_at = null`;
}

/** A sign of life; returns false when the row is gone (a restored or wiped database): register again. */
export async function beatInstance(sql: Sql, id: string, info: Record<string, unknown> = {}): Promise<boolean> {
  const rows = await sql`
    update instances set seen_at = now(), info = ${info as never}::jsonb where id = ${id} returning id`;
  return rows.length === 1;
}

/** Marks an orderly stop, so that nobody waits for this process. */
export async function stopInstance(sql: Sql, id: string): Promise<void> {
  await sql`update instances set stopped_at = now() where id = ${id}`;
}

/** The three statements of a process's signs of life, bound to a pool; what `runService` of @overdue/observability wants. */
export function instanceStore(sql: Sql): {
  register(instance: Parameters<typeof registerInstance>[1]): Promise<void>;
  beat(id: string, info: Record<string, unknown>): Promise<boolean>;
  stop(id: string): Promise<void>;
} {
  return {
    register: (instance) => registerInstance(sql, instance),
    beat: (id, info) => beatInstance(sql, id, info),
    stop: (id) => stopInstance(sql, id),
  };
}
