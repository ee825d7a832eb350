import { systemClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authenticate,
  BootstrapError,
  bootstrap,
  createSignInToken,
  findProjectByApiKey,
  takeSignInToken,
} from './index.ts';

const SECRET = 'a secret of at least thirty-two characters';
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const args = { email: 'Ops@Example.org', password: 'correct horse', projectName: 'Backups' };

describe('bootstrap', () => {
  it('creates user, project, channel and keys on an empty installation, and the first user is superuser', async () => {
    const result = await bootstrap(database, SECRET, args);
    expect(Object.keys(result)).toEqual([
      'email',
      'project',
      'api_key',
      'api_key_readonly',
      'ping_key',
      'badge_key',
      'channel',
    ]);
    expect(result.email).toBe('ops@example.org');
    expect(result.project.name).toBe('Backups');
    expect(result.api_key).toMatch(/^hcw_[A-Za-z0-9]{28}$/);
    expect(result.api_key_readonly).toMatch(/^hcr_[A-Za-z0-9]{28}$/);
    expect(result.ping_key).toMatch(/^[a-z0-9]{22}$/);
    expect(result.badge_key).toBe(result.project.code);
    const user = await authenticate(database, { email: 'ops@example.org', password: 'correct horse' });
    expect(user?.is_superuser).toBe(true);
    const [channel] = await database.sql`select * from channels where code = ${result.channel}`;
    expect(channel).toMatchObject({
      kind: 'email',
      value: { value: 'ops@example.org', up: true, down: true },
      email_verified: true,
    });
  });

  it('run again, keeps what exists, assigns the channel to new checks, and replaces the keys', async () => {
    const first = await bootstrap(database, SECRET, args);
    const [project] = await database.sql`select id from projects where code = ${first.project.code}`;
    await database.sql`insert into checks (project_id, name) values (${project!.id}, 'nightly')`;
    const second = await bootstrap(database, SECRET, { ...args, email: 'ops@example.org' });
    expect(second.project).toEqual(first.project);
    expect(second.channel).toBe(first.channel);
    expect(await findProjectByApiKey(database, SECRET, first.api_key)).toBeNull();
    expect(await findProjectByApiKey(database, SECRET, second.api_key)).toMatchObject({
      readOnly: false,
      project: { code: first.project.code },
    });
    const assigned = await database.sql`
      select 1 from channel_checks cc join channels c on c.id = cc.channel_id where c.code = ${second.channel}`;
    expect(assigned).toHaveLength(1);
    const counts =
      await database.sql`select (select count(*) from users) users, (select count(*) from projects) projects`;
    expect(counts[0]).toEqual({ users: 1, projects: 1 });
  });

  it('makes the password given the one that works, and only the first user a superuser', async () => {
    await bootstrap(database, SECRET, { email: 'second@example.org', password: 'first password' });
    const [user] = await database.sql<{ id: number; username: string }[]>`
      select id, username from users where email = 'second@example.org'`;
    const token = await createSignInToken(database.sql, systemClock, { userId: user!.id, lifetimeMs: 3_600_000 });
    await bootstrap(database, SECRET, { email: 'second@example.org', password: 'another password' });
    // A link that was mailed before does not sign in any more (accounts.md SI-5).
    expect(await takeSignInToken(database.sql, systemClock, { username: user!.username, token })).toBeNull();
    expect(await authenticate(database, { email: 'second@example.org', password: 'first password' })).toBeNull();
    expect(await authenticate(database, { email: 'second@example.org', password: 'another password' })).toMatchObject({
      is_superuser: false,
    });
  });

  it.each([
    ['an address that is none', { ...args, email: 'ops' }, '--email'],
    ['a short password', { ...args, password: '       7chars ' }, '--password'],
    ['an over-long project name', { ...args, projectName: 'x'.repeat(61) }, '--project'],
  ])('refuses %s and writes nothing', async (_what, bad, names) => {
    await expect(bootstrap(database, SECRET, bad)).rejects.toThrow(BootstrapError);
    await expect(bootstrap(database, SECRET, bad)).rejects.toThrow(names);
  });
});

describe('findProjectByApiKey', () => {
  it('knows the read-only key as such, and refuses near misses', async () => {
    const made = await bootstrap(database, SECRET, args);
    const found = (key: string, secret = SECRET) => findProjectByApiKey(database, secret, key);
    expect(await found(made.api_key_readonly)).toMatchObject({ readOnly: true });
    expect(await found(made.api_key)).toMatchObject({ readOnly: false });
    expect(await found(made.api_key, 'another secret')).toBeNull();
    expect(await found(`hcr_${made.api_key.slice(4)}`)).toBeNull();
    expect(await found(made.api_key.toLowerCase())).toBeNull();
    expect(await found(`${made.api_key.slice(0, -1)}${made.api_key.endsWith('a') ? 'b' : 'a'}`)).toBeNull();
    expect(await found('')).toBeNull();
  });
});
