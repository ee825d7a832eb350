import { displayStatus, tagList, uniqueKey } from '@overdue/checks';
import type { Instant } from '@overdue/clock';
import { byCodePoint } from '../../by-code-point.ts';
import type { MeasuredCheck } from './measure.ts';

/** One metric and its lines, in the text format of Prometheus. */
interface Metric {
  readonly name: string;
  readonly help: string;
  /** Label part (with its braces, or empty) and value. */
  readonly samples: readonly (readonly [labels: string, value: number])[];
}

/**
 * A project's metrics (management-api.md §13), and after them our own, which begin with `overdue_`. An empty line
 * between metrics, none at the end.
 * @param checks in the order in which they were made
 */
export function exposition(checks: readonly MeasuredCheck[], now: Instant): string {
  const rows = checks.map((check) => ({ check, status: displayStatus(check, now), labels: checkLabels(check) }));
  const each = (value: (row: (typeof rows)[number]) => number | null): Metric['samples'] =>
    rows.flatMap((row) => {
      const number = value(row);
      return number === null ? [] : [[row.labels, number] as const];
    });
  const seconds = (instant: Instant | null) => (instant === null ? null : instant / 1000);
  const down = rows.filter((row) => row.status === 'down');

  const metrics: Metric[] = [
    {
      name: 'hc_check_up',
      help: 'Whether the check is currently up (1 for yes, 0 for no).',
      samples: each(({ status }) => Number(status !== 'down')),
    },
    {
      name: 'hc_check_started',
      help: 'Whether the check is currently started (1 for yes, 0 for no).',
      samples: each(({ check }) => Number(check.last_start !== null)),
    },
    {
      name: 'hc_check_grace',
      help: 'Whether the check is currently in the grace period (1 for yes, 0 for no).',
      samples: each(({ status }) => Number(status === 'grace')),
    },
    {
      name: 'hc_check_paused',
      help: 'Whether the check is currently paused (1 for yes, 0 for no).',
      samples: each(({ status }) => Number(status === 'paused')),
    },
    {
      name: 'hc_tag_up',
      help: 'Whether all checks with this tag are up (1 for yes, 0 for no).',
      samples: tagsUp(rows),
    },
    { name: 'hc_checks_total', help: 'The total number of checks.', samples: [['', rows.length]] },
    { name: 'hc_checks_down_total', help: 'The number of checks currently down.', samples: [['', down.length]] },
    {
      name: 'overdue_check_last_ping_timestamp_seconds',
      help: 'When the check last succeeded or failed.',
      samples: each(({ check }) => seconds(check.last_ping)),
    },
    {
      name: 'overdue_check_last_success_timestamp_seconds',
      help: 'When the check last succeeded, of the pings that are kept.',
      samples: each(({ check }) => seconds(check.last_success)),
    },
    {
      name: 'overdue_check_last_duration_seconds',
      help: 'How long the last run took.',
      samples: each(({ check }) => (check.last_duration_ms === null ? null : check.last_duration_ms / 1000)),
    },
    {
      name: 'overdue_check_grace_seconds',
      help: 'How late a ping may be.',
      samples: each(({ check }) => check.grace),
    },
    {
      name: 'overdue_check_deadline_timestamp_seconds',
      help: 'When the check goes down unless something happens.',
      samples: each(({ check }) => seconds(check.alert_after)),
    },
    {
      name: 'overdue_check_flips_last_day',
      help: 'How often the status changed within the last 24 hours.',
      samples: each(({ check }) => check.flips_last_day),
    },
  ];
  return metrics.map(printed).join('\n');
}

function printed({ name, help, samples }: Metric): string {
  let text = `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
  for (const [labels, value] of samples) text += `${name}${labels} ${value}\n`;
  return text;
}

function checkLabels(check: MeasuredCheck): string {
  return `{name="${escaped(check.name)}", tags="${escaped(check.tags)}", unique_key="${uniqueKey(check.code)}"}`;
}

function tagsUp(rows: readonly { check: MeasuredCheck; status: string }[]): Metric['samples'] {
  const up = new Map<string, boolean>();
  for (const { check, status } of rows) {
    for (const tag of tagList(check.tags)) up.set(tag, (up.get(tag) ?? true) && status !== 'down');
  }
  return [...up.keys()].sort(byCodePoint).map((tag) => [`{tag="${escaped(tag)}"}`, Number(up.get(tag))] as const);
}

/** M-89. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
