import type { Instant } from '@overdue/clock';
import type { Sql } from '@overdue/database';
import type { Plan } from './plan.ts';

/** What is in the database when a run begins: one project, with the plan's channels and checks. Returns the checks' codes. */
export async function createRows(sql: Sql, plan: Plan, begin: Instant): Promise<string[]> {
  await sql`insert into users (username, email) values ('owner', 'owner@example.org')`;
  await sql`insert into projects (owner_id, badge_key, ping_log_limit) values (1, 'badge', 100000)`;
  for (const [i, { up }] of plan.channels.entries()) {
    const request = (status: 'down' | 'up', wanted: boolean) => ({
      [`method_${status}`]: 'POST',
      [`url_${status}`]: wanted ? `http://receiver-${i}/` : '',
      [`body_${status}`]: '$CODE $STATUS',
      [`headers_${status}`]: {},
    });
    const value = { ...request('down', true), ...request('up', up), name: '' };
    await sql`
      insert into channels (project_id, kind, value, notify_down, notify_up, email_verified)
      values (1, 'webhook', ${value as never}::jsonb, true, ${up}, true)`;
  }
  const codes: string[] = [];
  for (const [i, check] of plan.checks.entries()) {
    const code = `00000000-0000-4000-8000-${String(i + 1).padStart(12, '0')}`;
    codes.push(code);
    const lastPing = check.upSince === null ? null : begin - check.upSince;
    // Too early at worst: whoever looks at it finds the true time.
    const alertAfter = lastPing === null ? null : lastPing + (check.kind === 'cron' ? 1 : check.timeout) * 1000;
    await sql`
      insert into checks (project_id, code, kind, timeout, grace, schedule, status, last_ping, alert_after, wake_at)
      values (1, ${code}, ${check.kind}, ${check.timeout}, ${check.grace}, '* * * * *',
              ${lastPing === null ? 'new' : 'up'}, ${lastPing}, ${alertAfter}, ${alertAfter})`;
    for (const channel of check.channels) {
      await sql`insert into channel_checks (check_id, channel_id) values (${i + 1}, ${channel + 1})`;
    }
  }
  return codes;
}
