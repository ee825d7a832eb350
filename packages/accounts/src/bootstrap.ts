import type { Database } from '@overdue/database';
import { createApiKey } from './api-keys.ts';
import { emailAddress } from './email-address.ts';
import { addVerifiedEmailChannel } from './email-channel.ts';
import { hashPassword, passwordProblem, verifyPassword } from './passwords.ts';
import { createPingKey } from './ping-keys.ts';
import { type Project, projectColumns } from './project.ts';
import { createProject, projectNameProblem } from './projects.ts';
import { insertUser, lockNewUsers, type User, userColumns } from './users.ts';

/** What the command line's `bootstrap` prints (running.md). */
export interface Bootstrapped {
  readonly email: string;
  readonly project: { readonly code: string; readonly name: string };
  readonly api_key: string;
  readonly api_key_readonly: string;
  readonly ping_key: string;
  readonly badge_key: string;
  /** The e-mail channel's code. */
  readonly channel: string;
}

/** The arguments cannot be used; the message says which and why. */
export class BootstrapError extends Error {
  override name = 'BootstrapError';
}

export const FIRST_PROJECT_NAME = 'My project';

/**
 * Afterwards `email` can sign in with `password` (an account is created, superuser if it is the first; an existing
 * one gets the password if it had another), owns a project of that name (without a name: their oldest, or a new one),
 * and that project has a verified e-mail channel to the address, assigned to all its checks. API keys and the ping key
 * are made anew: the ones before stop working. All in one transaction.
 * @throws BootstrapError when an argument is not usable
 */
export async function bootstrap(
  database: Database,
  secretKey: string,
  args: { email: string; password: string; projectName?: string | undefined },
): Promise<Bootstrapped> {
  const email = emailAddress.safeParse(args.email);
  if (!email.success) throw new BootstrapError(`--email: ${email.error.issues[0]!.message}`);
  const problem = passwordProblem(args.password);
  if (problem) throw new BootstrapError(`--password: ${problem}`);
  if (args.projectName !== undefined) {
    const wrong = projectNameProblem(args.projectName);
    if (wrong) throw new BootstrapError(`--project: ${wrong}`);
  }
  const passwordHash = await hashPassword(args.password);

  return database.sql.begin(async (sql): Promise<Bootstrapped> => {
    await lockNewUsers(sql);
    const [existing] = await sql<(User & { password_hash: string | null })[]>`
      select ${userColumns(sql)}, u.password_hash from users u where u.email = ${email.data}`;
    if (existing && !(await verifyPassword(existing.password_hash, args.password))) {
      await sql`
        update users set password_hash = ${passwordHash}, login_token_hash = null, login_token_expires_at = null
        where id = ${existing.id}`;
      await sql`delete from sessions where user_id = ${existing.id}`;
    }
    const [anybody] = await sql`select 1 from users limit 1`;
    const user = existing ?? (await insertUser(sql, { email: email.data, passwordHash, isSuperuser: !anybody }));

    const wanted = args.projectName?.trim();
    const [found] = await sql<Project[]>`
      select ${projectColumns(sql)} from projects p
      where p.owner_id = ${user.id} ${wanted === undefined ? sql`` : sql`and p.name = ${wanted}`}
      order by p.id limit 1`;
    const project = found ?? (await createProject(sql, { ownerId: user.id, name: wanted ?? FIRST_PROJECT_NAME }));
    const key = (kind: 'rw' | 'ro') =>
      createApiKey(sql, secretKey, { projectId: project.id, kind, createdBy: user.id });
    return {
      email: user.email,
      project: { code: project.code, name: project.name },
      api_key: await key('rw'),
      api_key_readonly: await key('ro'),
      ping_key: await createPingKey(sql, project.id),
      badge_key: project.badge_key,
      channel: await addVerifiedEmailChannel(sql, { projectId: project.id, email: user.email }),
    };
  });
}
