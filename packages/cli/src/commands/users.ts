import { findUserByEmail, passwordProblem, setPassword } from '@overdue/accounts';
import { systemClock } from '@overdue/clock';
import type { Database } from '@overdue/database';
import { StartError } from '@overdue/observability';
import { readConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';

/** `overdue users list`: one JSON object a line. */
export async function listUsers(): Promise<void> {
  const rows = await withDatabase(readConfig(process.env), systemClock, ({ db }) =>
    db
      .selectFrom('users')
      .select(['email', 'is_superuser', 'is_active', 'created_at', 'last_login_at'])
      .orderBy('id')
      .execute(),
  );
  for (const { created_at, last_login_at, ...row } of rows) {
    process.stdout.write(
      `${JSON.stringify({ ...row, created_at: iso(created_at), last_login_at: iso(last_login_at) })}\n`,
    );
  }
}

function iso(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}

/** `overdue users password`: for whoever is locked out. */
export async function changePassword(options: { email: string; password: string }): Promise<void> {
  const problem = passwordProblem(options.password);
  if (problem) throw new StartError(`--password: ${problem}`);
  await withUser(options.email, (database, userId) => setPassword(database, { userId, password: options.password }));
  process.stdout.write(`${options.email}: password changed, signed out everywhere\n`);
}

/** `overdue users superuser [--off]`. */
export async function changeSuperuser(options: { email: string; off?: boolean }): Promise<void> {
  const superuser = options.off !== true;
  await withUser(options.email, ({ db }, userId) =>
    db.updateTable('users').set({ is_superuser: superuser }).where('id', '=', userId).execute(),
  );
  process.stdout.write(`${options.email}: ${superuser ? 'superuser' : 'not a superuser'}\n`);
}

async function withUser(email: string, use: (database: Database, userId: number) => Promise<unknown>): Promise<void> {
  await withDatabase(readConfig(process.env), systemClock, async (database) => {
    const user = await findUserByEmail(database.sql, email);
    if (!user) throw new StartError(`There is no account with the address ${email}.`);
    await use(database, user.id);
  });
}
