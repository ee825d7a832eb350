import { VirtualClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authenticate,
  type Bucket,
  createFirstUser,
  createPingKey,
  createProject,
  createSession,
  deleteProject,
  emailAddress,
  endSession,
  findAccess,
  findSession,
  hashSessionToken,
  inviteMember,
  listMembers,
  listProjects,
  normalisedEmail,
  openSigned,
  projectNameProblem,
  removeMember,
  returnToken,
  SESSION_LIFETIME_MS,
  setPassword,
  signValue,
  takeToken,
  updatePreferences,
} from './index.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const DAY = 86_400_000;
const PASSWORD = 'correct horse';
let database: TestDatabase;
let userId: number;
beforeAll(async () => {
  database = await createTestDatabase({ max: 10 });
  const created = await createFirstUser(database, { email: 'a@example.org', password: PASSWORD, projectName: 'First' });
  userId = created!.user.id;
});
afterAll(() => database.drop());

describe('users', () => {
  it('sign in with their password, without regard to the case of the address and spaces around either', async () => {
    expect(await authenticate(database, { email: ' A@Example.org ', password: ` ${PASSWORD} ` })).toMatchObject({
      id: userId,
      email: 'a@example.org',
      is_superuser: true,
    });
    expect(await authenticate(database, { email: 'a@example.org', password: PASSWORD.toUpperCase() })).toBeNull();
    expect(await authenticate(database, { email: 'b@example.org', password: PASSWORD })).toBeNull();
  });

  it('who are not active, or have no password, do not', async () => {
    await database.sql`update users set is_active = false where id = ${userId}`;
    expect(await authenticate(database, { email: 'a@example.org', password: PASSWORD })).toBeNull();
    await database.sql`update users set is_active = true where id = ${userId}`;
    await database.sql`insert into users (username, email) values ('x', 'link-only@example.org')`;
    expect(await authenticate(database, { email: 'link-only@example.org', password: '' })).toBeNull();
  });

  it.each(['', 'x', 'a@', '@b', 'a b@c.de', 'a@b..c', 'a@-b.c', `${'x'.repeat(250)}@b.cd`, 'a@b.c\n', 'a@b.c, d@e.f'])(
    'do not have %j as an address',
    (text) => {
      // A line break at the end is trimmed away; inside it is not an address.
      expect(emailAddress.safeParse(text).success).toBe(text === 'a@b.c\n');
    },
  );
});

describe('sessions', () => {
  const clock = new VirtualClock(NOW);

  it('last fourteen days, moved forward at most once a day', async () => {
    const token = await createSession(database, clock, { userId, userAgent: 'x'.repeat(1000) });
    expect(await findSession(database, clock, token)).toMatchObject({ user: { id: userId }, extended: false });
    clock.jumpTo(NOW + DAY + 1);
    expect(await findSession(database, clock, token)).toMatchObject({ extended: true });
    expect(await findSession(database, clock, token)).toMatchObject({ extended: false });
    clock.jumpTo(NOW + DAY + SESSION_LIFETIME_MS);
    expect(await findSession(database, clock, token)).not.toBeNull();
    clock.jumpTo(clock.now() + SESSION_LIFETIME_MS + 1);
    expect(await findSession(database, clock, token)).toBeNull();
  });

  it('are kept as digests only, and end one by one', async () => {
    const [one, two] = [
      await createSession(database, clock, { userId }),
      await createSession(database, clock, { userId }),
    ];
    const stored = await database.sql<{ token_hash: Buffer }[]>`select token_hash from sessions`;
    expect(stored.map((row) => row.token_hash.toString('hex'))).toContain(hashSessionToken(one).toString('hex'));
    expect(JSON.stringify(stored)).not.toContain(one);
    await endSession(database, hashSessionToken(one));
    expect(await findSession(database, clock, one)).toBeNull();
    expect(await findSession(database, clock, two)).not.toBeNull();
  });

  it('end when the password changes, but for the one that changed it', async () => {
    const [here, there] = [
      await createSession(database, clock, { userId }),
      await createSession(database, clock, { userId }),
    ];
    await setPassword(database, { userId, password: PASSWORD, keepSession: hashSessionToken(here) });
    expect(await findSession(database, clock, here)).not.toBeNull();
    expect(await findSession(database, clock, there)).toBeNull();
  });

  it('of people who are no longer active are none', async () => {
    const token = await createSession(database, clock, { userId });
    await database.sql`update users set is_active = false where id = ${userId}`;
    expect(await findSession(database, clock, token)).toBeNull();
    await database.sql`update users set is_active = true where id = ${userId}`;
  });

  it.each(['', 'short', 'x'.repeat(44), `${'x'.repeat(42)}!`])('are not found for %j', async (token) => {
    expect(await findSession(database, clock, token)).toBeNull();
  });
});

describe('projects and people', () => {
  const access = (id: number, code: string, is_superuser = false) =>
    findAccess(database.sql, { id, is_superuser }, { code });

  it('roles say what one may', async () => {
    const project = await createProject(database.sql, { ownerId: userId, name: ' Backups ' });
    expect(project).toMatchObject({ name: 'Backups', badge_key: project.code, ping_key: null });
    const table = [
      ['r', false, false, false],
      ['w', true, false, false],
      ['m', true, true, false],
    ] as const;
    for (const [role, canWrite, canManage, isOwner] of table) {
      const email = `${role}@example.org`;
      expect(await inviteMember(database, { projectId: project.id, email, role })).toEqual({
        kind: 'added',
        userIsNew: true,
      });
      const [user] = await database.sql<{ id: number }[]>`select id from users where email = ${email}`;
      expect(await access(user!.id, project.code)).toMatchObject({ role, canWrite, canManage, isOwner });
      expect(await access(user!.id, project.code, true)).toMatchObject({ role: 'superuser', canManage: true });
      expect((await listProjects(database.sql, { id: user!.id, is_superuser: false })).map((p) => p.role)).toEqual([
        role,
      ]);
    }
    expect(await access(userId, project.code)).toMatchObject({ role: 'owner', isOwner: true });
    expect(await access(-1, project.code)).toBeNull();
    expect(await access(-1, project.code, true)).toMatchObject({ role: 'superuser', isOwner: false });
  });

  it('inviting somebody twice, or the owner, changes nothing', async () => {
    const project = await createProject(database.sql, { ownerId: userId, name: 'Team' });
    const invite = (email: string, role: 'r' | 'w' | 'm') =>
      inviteMember(database, { projectId: project.id, email, role });
    expect(await invite('c@example.org', 'r')).toEqual({ kind: 'added', userIsNew: true });
    expect(await invite('c@example.org', 'm')).toEqual({ kind: 'already-member' });
    expect(await invite('a@example.org', 'm')).toEqual({ kind: 'already-member' });
    const members = await listMembers(database.sql, project.id);
    expect(members).toMatchObject([{ email: 'c@example.org', role: 'r', hasSignedIn: false }]);
    expect(await removeMember(database.sql, { projectId: project.id, userId: members[0]!.userId })).toBe(true);
    expect(await removeMember(database.sql, { projectId: project.id, userId: members[0]!.userId })).toBe(false);
  });

  it('may be invited several times at once: one account, one membership', async () => {
    const project = await createProject(database.sql, { ownerId: userId, name: 'Busy' });
    const invite = () => inviteMember(database, { projectId: project.id, email: 'new@example.org', role: 'r' });
    const kinds = (await Promise.all([invite(), invite(), invite()])).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['added', 'already-member', 'already-member']);
  });

  it('deleting one takes its checks and their pings along', async () => {
    const project = await createProject(database.sql, { ownerId: userId, name: 'Doomed' });
    await createPingKey(database.sql, project.id);
    const [check] = await database.sql<{ id: number }[]>`
      insert into checks (project_id) values (${project.id}) returning id`;
    await database.sql`
      insert into pings (check_id, n, id, created_at, kind, scheme, method)
      values (${check!.id}, 1, gen_random_uuid(), now(), 'success', 'http', 'GET')`;
    await deleteProject(database, project.id);
    expect(await access(userId, project.code)).toBeNull();
    expect(await database.sql`select 1 from pings where check_id = ${check!.id}`).toHaveLength(0);
  });

  it.each([
    ['', false],
    ['   ', false],
    ['x', true],
    ['ü'.repeat(60), true],
    ['x'.repeat(61), false],
    ['😀'.repeat(60), true],
  ])('%j as a name: %s', (name, fine) => {
    expect(projectNameProblem(name) === null).toBe(fine);
  });

  it('preferences are stored, the others stay', async () => {
    await updatePreferences(database.sql, userId, { theme: 'dark' });
    await updatePreferences(database.sql, userId, { tz: 'Europe/Riga', sort: '-name' });
    await updatePreferences(database.sql, userId, {});
    const user = await authenticate(database, { email: 'a@example.org', password: PASSWORD });
    expect(user).toMatchObject({ theme: 'dark', tz: 'Europe/Riga', sort: '-name' });
  });
});

describe('token buckets', () => {
  const bucket = (key: string): Bucket => ({ key, capacity: 5, refillMs: 60_000 });

  it('permit what they hold, then refill evenly; a refusal costs nothing', async () => {
    const clock = new VirtualClock(NOW);
    const take = () => takeToken(database, clock, bucket('a'));
    for (let i = 0; i < 5; i++) expect(await take()).toBe(true);
    for (let i = 0; i < 3; i++) expect(await take()).toBe(false);
    clock.jumpTo(NOW + 11_999);
    expect(await take()).toBe(false);
    clock.jumpTo(NOW + 12_000);
    expect(await take()).toBe(true);
    expect(await take()).toBe(false);
    clock.jumpTo(NOW + 3_600_000);
    for (let i = 0; i < 5; i++) expect(await take()).toBe(true);
    expect(await take()).toBe(false);
  });

  it('never permit more than they hold to those who come at once', async () => {
    const clock = new VirtualClock(NOW);
    const answers = await Promise.all(Array.from({ length: 40 }, () => takeToken(database, clock, bucket('b'))));
    expect(answers.filter(Boolean)).toHaveLength(5);
  });

  it('take back a token, are not upset by a clock that goes backwards', async () => {
    const clock = new VirtualClock(NOW);
    for (let i = 0; i < 5; i++) await takeToken(database, clock, bucket('c'));
    await returnToken(database, bucket('c'));
    clock.jumpTo(NOW - DAY);
    expect(await takeToken(database, clock, bucket('c'))).toBe(true);
    expect(await takeToken(database, clock, bucket('c'))).toBe(false);
  });

  it('see one address behind its spellings', () => {
    expect(normalisedEmail('J.o.e+spam@Example.org')).toBe('joe@example.org');
    expect(normalisedEmail('joe@sub.example.org')).toBe('joe@sub.example.org');
  });
});

describe('signed values', () => {
  const open = (text: string, age = { now: NOW, maxAgeMs: 1000 }, purpose = 'p', secret = 's') =>
    openSigned(secret, purpose, text, age);

  it('come back as they were, until they are too old', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const text = signValue('s', 'p', value, NOW);
        expect(text).toMatch(/^[\w.-]+$/);
        expect(open(text)).toEqual({ value, signedAt: NOW });
        expect(open(text, { now: NOW + 1001, maxAgeMs: 1000 })).toBeNull();
      }),
    );
  });

  it('are refused when anything about them was changed', () => {
    const text = signValue('s', 'p', 'value', NOW);
    expect(open(text, undefined, 'other purpose')).toBeNull();
    expect(open(text, undefined, 'p', 'other secret')).toBeNull();
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'b', '.', '0', ''), (at, other) => {
        fc.pre(text[at] !== other);
        expect(open(text.slice(0, at) + other + text.slice(at + 1))).toBeNull();
      }),
    );
  });
});
