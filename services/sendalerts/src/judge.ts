import { alertAfter, type CheckState, explainLateness, type Gap, goDown } from '@overdue/checks';
import type { Instant, Milliseconds } from '@overdue/clock';
import { gapsSince, mayPass, type NewFlip, recordFlips, type Sql, type TransactionSql } from '@overdue/database';
import { countHeld } from './gaps.ts';

type CheckRow = CheckState & { readonly id: number; readonly code: string };

export interface Judged {
  /** Checks looked at. */
  readonly looked: number;
  readonly down: number;
  /** Messages owed for those. */
  readonly owed: number;
  /** Checks that a gap held back. */
  readonly held: number;
  readonly poison: readonly Poison[];
}

const NOTHING: Judged = { looked: 0, down: 0, owed: 0, held: 0, poison: [] };

/** A check that cannot be judged. */
export interface Poison {
  readonly code: string;
  readonly why: string;
}

/** How long a check that cannot be judged is left alone. */
const SET_ASIDE: Milliseconds = 3600 * 1000;

/**
 * Whether any check's time has come. The smallest and not `exists`: for that, a prepared plan expects that a third of the
 * table is due and reads it row by row, until the end when none is. A query, so that its plan can be looked at
 * (plan.test.ts, the benchmarks).
 */
export function anyDue(sql: Sql | TransactionSql, until: Instant) {
  return sql<{ due: boolean }[]>`select coalesce(min(wake_at) < ${until}, false) as due from checks`;
}

/** Locks the checks whose time has come, but for those that somebody else has. `only`: just this one. A query, too. */
export function dueChecks(sql: Sql | TransactionSql, until: Instant, limit: number, only: number | null = null) {
  return sql<CheckRow[]>`
    select id, code, kind, timeout, grace, schedule, tz, status, manual_resume, n_pings, last_ping,
           last_start, last_start_rid, last_duration_ms, alert_after
    from checks
    where wake_at < ${until} ${only === null ? sql`` : sql`and id = ${only}`}
    order by wake_at limit ${limit}
    for update skip locked`;
}

/**
 * Judges up to `limit` checks whose time has come, as of `until`: takes them down with flips and outbox rows, or finds
 * their next time, in one transaction. Rows that another instance is at are passed over, so any number of instances
 * may do this at once. A check that cannot be judged is set aside; a group that the database refuses is judged one by
 * one.
 * @throws an error that may pass (see mayPass): nobody is set aside for it
 */
export async function judgeDue(sql: Sql, until: Instant, limit: number): Promise<Judged> {
  // Most looks find nothing: one round trip then, instead of a transaction's three.
  const [row] = await anyDue(sql, until);
  if (!row!.due) return NOTHING;
  try {
    return await judge(sql, until, limit, null);
  } catch (error) {
    if (mayPass(error)) throw error;
    return await oneByOne(sql, until, limit);
  }
}

async function oneByOne(sql: Sql, until: Instant, limit: number): Promise<Judged> {
  const due = await sql<{ id: number; code: string }[]>`
    select id, code from checks where wake_at < ${until} order by wake_at limit ${limit}`;
  const parts: Judged[] = [];
  for (const { id, code } of due) {
    try {
      parts.push(await judge(sql, until, 1, id));
    } catch (error) {
      if (mayPass(error)) throw error;
      if (isMissingReference(error)) continue;
      await sql`update checks set wake_at = ${until + SET_ASIDE} where id = ${id}`;
      parts.push({ looked: 1, down: 0, owed: 0, held: 0, poison: [{ code, why: String(error) }] });
    }
  }
  const sum = (of: (part: Judged) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    looked: due.length,
    down: sum((p) => p.down),
    owed: sum((p) => p.owed),
    held: sum((p) => p.held),
    poison: parts.flatMap((p) => p.poison),
  };
}

/** A channel was deleted while the message to it was written: at the next look it is not there any more. */
function isMissingReference(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '23503';
}

function judge(sql: Sql, until: Instant, limit: number, only: number | null): Promise<Judged> {
  return sql.begin(async (tx) => {
    const rows = await dueChecks(tx, until, limit, only);
    if (rows.length === 0) return NOTHING;
    // No window opens before the check's last ping or start.
    const since = Math.min(...rows.flatMap((row) => [row.last_ping ?? until, row.last_start ?? until]));
    const gaps = await gapsSince(tx, since);
    const verdicts = rows.map((row) => verdictOn(row, until, gaps));

    const down = verdicts.filter((v) => v.kind === 'down');
    const later = verdicts.filter((v) => v.kind === 'later' || v.kind === 'poison');
    if (down.length > 0) {
      await tx`
        update checks set status = 'down', alert_after = null, wake_at = null
        where id = any(${down.map((v) => v.row.id)}::bigint[])`;
    }
    const owed = await recordFlips(
      tx,
      down.map((v) => v.flip),
    );
    if (later.length > 0) {
      await tx`
        update checks c
        set wake_at = to_timestamp(v.wake / 1000),
            alert_after = case when v.moved then to_timestamp(v.wake / 1000) else c.alert_after end
        from jsonb_to_recordset(${later.map(move) as never}::jsonb) as v(id bigint, wake float8, moved boolean)
        where c.id = v.id`;
    }
    const held = new Map<Instant, number>();
    for (const v of verdicts) {
      if (v.kind === 'later') for (const from of v.heldBy) held.set(from, (held.get(from) ?? 0) + 1);
    }
    await countHeld(tx, held);
    return {
      looked: rows.length,
      down: down.length,
      owed,
      held: verdicts.filter((v) => v.kind === 'later' && v.heldBy.length > 0).length,
      poison: verdicts.flatMap((v) => (v.kind === 'poison' ? [{ code: v.row.code, why: v.why }] : [])),
    };
  }) as Promise<Judged>;
}

type Verdict =
  | { readonly kind: 'down'; readonly row: CheckRow; readonly flip: NewFlip }
  /** Not due; `at` null: never. `heldBy`: beginnings of the gaps that moved it just now. */
  | { readonly kind: 'later'; readonly row: CheckRow; readonly at: Instant | null; readonly heldBy: readonly Instant[] }
  | { readonly kind: 'poison'; readonly row: CheckRow; readonly until: Instant; readonly why: string };

function verdictOn(row: CheckRow, until: Instant, gaps: readonly Gap[]): Verdict {
  try {
    const transition = goDown(row, until, gaps);
    if (transition?.flip) {
      const { at, old_status, new_status, reason, decision } = transition.flip;
      return {
        kind: 'down',
        row,
        flip: {
          checkId: row.id,
          createdAt: at,
          oldStatus: old_status,
          newStatus: new_status,
          reason,
          decision: decision as unknown as Record<string, unknown>,
        },
      };
    }
    const at = alertAfter(row, gaps);
    // Counted once: when the stored deadline is still the one from before the gap.
    const moved = gaps.length > 0 && row.alert_after !== null && (at === null || at > row.alert_after);
    const heldBy = moved ? (explainLateness(row, gaps).held?.gaps.map(([from]) => from) ?? []) : [];
    return { kind: 'later', row, at, heldBy };
  } catch (error) {
    return { kind: 'poison', row, until, why: error instanceof Error ? error.message : String(error) };
  }
}

function move(v: Exclude<Verdict, { kind: 'down' }>): { id: number; wake: number | null; moved: boolean } {
  if (v.kind === 'poison') return { id: v.row.id, wake: v.until + SET_ASIDE, moved: false };
  return { id: v.row.id, wake: v.at, moved: true };
}
