import type { CheckRow } from '@overdue/operations';
import type { ForCheck } from '../../http/handlers.ts';

/** In which zone a page shows its times (DT-1): UTC, the person's, the check's. `?zone=` chooses. */
export function zonesOf(visit: ForCheck): { readonly tz: string; readonly choices: readonly string[] } {
  const { check, session, req } = visit;
  const choices = [...new Set(['UTC', session.user.tz, ...checkZone(check)])];
  const asked = req.query.zone;
  const tz = typeof asked === 'string' && choices.includes(asked) ? asked : choices.at(-1)!;
  return { tz, choices };
}

function checkZone(check: CheckRow): string[] {
  return check.kind === 'simple' ? [] : [check.tz];
}

export function ZoneSwitch({
  tz,
  choices,
  query,
}: {
  readonly tz: string;
  readonly choices: readonly string[];
  readonly query?: string;
}) {
  if (choices.length < 2) return <span class="muted small">{tz}</span>;
  return (
    <nav class="segments" aria-label="Time zone">
      {choices.map((zone) => (
        <a
          key={zone}
          href={`?${new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(query ?? '')), zone })}`}
          aria-current={zone === tz ? 'true' : undefined}
        >
          {zone}
        </a>
      ))}
    </nav>
  );
}
