import type { Sql } from './connect.ts';
import type { Instant } from './generated/tables.ts';

/** One running process, as others see it. */
export interface InstanceRow {
  readonly id: string;
  readonly service: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Instant;
  /** Milliseconds since its last sign of life, by the database's clock. */
  readonly silentFor: number;
  readonly watermark: Instant | null;
  readonly info: Record<string, unknown>;
}

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

/**
 * Processes of `service` that gave a sign of life in the last `withinMs` and have not stopped. One that was given up for
 * dead (sendalerts marks it as stopped) and gives signs of life again is among them.
 */
export async function liveInstances(sql: Sql, service: string, withinMs: number): Promise<InstanceRow[]> {
  return await sql<InstanceRow[]>`
    select id, service, host, pid, started_at as "startedAt", watermark, info,
           (extract(epoch from now() - seen_at) * 1000)::float8 as "silentFor"
    from instances
    where service = ${service} and (stopped_at is null or seen_at > stopped_at) and seen_at > now() - ${withinMs} * interval '1 millisecond'
    order by started_at`;
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
