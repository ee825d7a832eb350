import type { TransactionSql } from '@overdue/database';

/**
 * A verified e-mail channel to `email`, assigned to all checks of the project; an existing one to that address is
 * put in that state. For a project's own people only: nobody else's address is verified by saying so.
 * @returns the channel's code
 */
export async function addVerifiedEmailChannel(
  sql: TransactionSql,
  args: { projectId: number; email: string },
): Promise<string> {
  const value = { value: args.email, up: true, down: true };
  const [existing] = await sql<{ id: number; code: string }[]>`
    update channels set email_verified = true, disabled = false
    where id = (select id from channels
                where project_id = ${args.projectId} and kind = 'email' and value ->> 'value' = ${args.email}
                order by id limit 1)
    returning id, code`;
  const channel =
    existing ??
    (
      await sql<{ id: number; code: string }[]>`
        insert into channels (project_id, kind, value, email_verified)
        values (${args.projectId}, 'email', ${value as never}::jsonb, true)
        returning id, code`
    )[0]!;
  await sql`
    insert into channel_checks (channel_id, check_id)
    select ${channel.id}, id from checks where project_id = ${args.projectId}
    on conflict do nothing`;
  return channel.code;
}
