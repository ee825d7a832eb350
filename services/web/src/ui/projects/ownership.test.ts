import { bootstrap, findUserByEmail, inviteMember } from '@overdue/accounts';
import { systemClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { createCheck } from '@overdue/operations';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SECRET_KEY, startTestSite, type TestSite, type Visitor } from '../../testing.ts';

const PASSWORD = 'correct horse battery';
let database: TestDatabase;
let site: TestSite;
let owner: Visitor;
let member: Visitor;
let memberId: number;
let other: Visitor;
let settings: string;
let projectId: number;

beforeAll(async () => {
  database = await createTestDatabase();
  site = await startTestSite(database);
  for (const name of ['owner', 'member', 'other']) {
    await bootstrap(database, SECRET_KEY, { email: `${name}@example.org`, password: PASSWORD, projectName: name });
  }
  const signIn = async (name: string) => {
    const visitor = site.visitor();
    await visitor.signIn(`${name}@example.org`, PASSWORD);
    return visitor;
  };
  [owner, member, other] = [await signIn('owner'), await signIn('member'), await signIn('other')];
  const [project] = await database.sql<{ id: number; code: string }[]>`
    select id, code from projects where name = 'owner'`;
  projectId = project!.id;
  settings = `/projects/${project!.code}/settings/`;
  memberId = (await findUserByEmail(database.sql, 'member@example.org'))!.id;
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  await database.drop();
});
beforeEach(async () => {
  await database.sql`update projects set owner_id = (select id from users where email = 'owner@example.org')
                     where id = ${projectId}`;
  await database.sql`delete from members where project_id = ${projectId}`;
  for (const name of ['member', 'other']) {
    await inviteMember(database, { projectId, email: `${name}@example.org`, role: 'r' });
  }
});

const roles = async () =>
  Object.fromEntries(
    (
      await database.sql<{ name: string; role: string }[]>`
        select split_part(u.email, '@', 1) as name, 'owner' as role from projects p join users u on u.id = p.owner_id
        where p.id = ${projectId}
        union all
        select split_part(u.email, '@', 1), m.role from members m join users u on u.id = m.user_id
        where m.project_id = ${projectId}`
    ).map((row) => [row.name, row.role]),
  );

/** Forms that a page does not offer can be posted all the same. */
async function force(visitor: Visitor, fields: Record<string, string>) {
  const { text } = await visitor.get('/projects/add/');
  const token = /name="_csrf" value="([^"]+)"/.exec(text)![1]!;
  return visitor.post(settings, { _csrf: token, ...fields });
}

describe('handing a project over', () => {
  const ask = () => owner.submit(settings, { action: 'transfer', user: String(memberId) });

  it('makes the member the owner once they accept, and the owner a member', async () => {
    expect((await owner.get(settings)).text).toContain('Hand the project over');
    expect((await ask()).location).toBe(settings);
    expect((await owner.get(settings)).text).toContain('Waiting for <strong>member@example.org</strong>');
    expect((await member.get(settings)).text).toContain('Take over this project?');
    expect((await other.get(settings)).text).not.toContain('Take over');
    expect((await member.submit(settings, { action: 'accept_transfer' })).location).toBe(settings);
    expect(await roles()).toEqual({ member: 'owner', owner: 'w', other: 'r' });
    expect((await member.get(settings)).text).not.toContain('Take over');
  });

  it('ends when the member rejects or the owner cancels', async () => {
    await ask();
    expect((await member.submit(settings, { action: 'reject_transfer' })).location).toBe(settings);
    expect((await force(member, { action: 'accept_transfer' })).status).toBe(403);
    await ask();
    await owner.submit(settings, { action: 'cancel_transfer' });
    expect((await force(member, { action: 'accept_transfer' })).status).toBe(403);
    expect(await roles()).toEqual({ owner: 'owner', member: 'r', other: 'r' });
  });

  it('is nobody else’s business', async () => {
    expect((await force(member, { action: 'transfer', user: String(memberId) })).status).toBe(403);
    expect((await force(owner, { action: 'transfer', user: '999999' })).status).toBe(400);
    await ask();
    expect((await force(other, { action: 'accept_transfer' })).status).toBe(403);
    expect((await force(other, { action: 'reject_transfer' })).status).toBe(403);
    expect((await force(other, { action: 'cancel_transfer' })).status).toBe(403);
  });

  it('needs room in the account of the new owner', async () => {
    await database.sql`insert into checks (project_id, name) values (${projectId}, 'one too many')`;
    await database.sql`update users set check_limit = 0 where id = ${memberId}`;
    await ask();
    expect((await member.get(settings)).text).toMatch(/disabled[^>]*>\s*Accept/);
    expect((await force(member, { action: 'accept_transfer' })).status).toBe(400);
    await database.sql`update users set check_limit = 10 where id = ${memberId}`;
    // The limit counts what comes with the project, whatever was counted before.
    const [own] = await database.sql<{ id: number }[]>`select id from projects where name = 'member'`;
    const make = async () => (await createCheck(database, systemClock, { projectId: own!.id })).ok;
    expect(await make()).toBe(true);
    expect((await force(member, { action: 'accept_transfer' })).status).toBe(303);
    await database.sql`update users set check_limit = 2 where id = ${memberId}`;
    expect(await make()).toBe(false);
  });
});
