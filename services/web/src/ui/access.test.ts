import {
  BUCKETS,
  bootstrap,
  createProject,
  deleteProject,
  inviteMember,
  setPassword,
  takeToken,
} from '@overdue/accounts';
import { systemClock } from '@overdue/clock';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fields, SECRET_KEY, startTestSite, type TestSite, type Visitor } from '../testing.ts';

const PASSWORD = 'correct horse battery';
let database: TestDatabase;
let site: TestSite;
let project: string;
let check: string;
let channel: string;
const people: Record<string, Visitor> = {};

beforeAll(async () => {
  database = await createTestDatabase({ max: 10 });
  site = await startTestSite(database);
  const admin = { email: 'admin@example.org', password: PASSWORD };
  await bootstrap(database, SECRET_KEY, { ...admin, projectName: 'Of the administrator' });
  const made = await bootstrap(database, SECRET_KEY, { ...admin, email: 'owner@example.org', projectName: 'Backups' });
  await bootstrap(database, SECRET_KEY, { ...admin, email: 'stranger@example.org' });
  project = made.project.code;
  channel = made.channel;
  const [row] = await database.sql<{ id: number }[]>`select id from projects where code = ${project}`;
  const projectId = row!.id;
  for (const [name, role] of [
    ['reader', 'r'],
    ['member', 'w'],
    ['manager', 'm'],
  ] as const) {
    await inviteMember(database, { projectId, email: `${name}@example.org`, role });
    const [user] = await database.sql<{ id: number }[]>`select id from users where email = ${`${name}@example.org`}`;
    await setPassword(database, { userId: user!.id, password: PASSWORD });
  }
  const [made2] = await database.sql<{ code: string }[]>`
    insert into checks (project_id, name, slug) values (${projectId}, 'nightly', 'nightly') returning code`;
  check = made2!.code;
  for (const name of ['admin', 'owner', 'stranger', 'reader', 'member', 'manager']) {
    const visitor = site.visitor();
    expect((await visitor.signIn(`${name}@example.org`, PASSWORD)).status).toBe(303);
    people[name] = visitor;
  }
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  await database.drop();
});

const pages = () => [
  `/projects/${project}/checks/`,
  `/projects/${project}/integrations/`,
  `/projects/${project}/badges/`,
  `/projects/${project}/settings/`,
  `/checks/${check}/details/`,
  `/checks/${check}/log/`,
];
const formPages = () => [
  `/projects/${project}/checks/add/`,
  `/projects/${project}/add_email/`,
  `/checks/${check}/name/`,
  `/checks/${check}/timeout/`,
  `/checks/${check}/filtering_rules/`,
  `/checks/${check}/remove/`,
  `/integrations/${channel}/edit/`,
  `/integrations/${channel}/checks/`,
  `/integrations/${channel}/remove/`,
];
const actions = () => [
  `/projects/${project}/checks/add/`,
  `/projects/${project}/add_webhook/`,
  `/projects/${project}/integrations/`,
  `/projects/${project}/urls/`,
  `/checks/${check}/pause/`,
  `/checks/${check}/resume/`,
  `/checks/${check}/name/`,
  `/checks/${check}/timeout/`,
  `/checks/${check}/filtering_rules/`,
  `/checks/${check}/copy/`,
  `/checks/${check}/clear_events/`,
  `/checks/${check}/transfer/`,
  `/checks/${check}/remove/`,
  `/checks/${check}/channels/${channel}/enabled`,
  `/integrations/${channel}/edit/`,
  `/integrations/${channel}/remove/`,
];

describe('who may see a project', () => {
  it('every role, and a superuser', async () => {
    for (const who of ['owner', 'manager', 'member', 'reader', 'admin']) {
      for (const path of pages()) expect([who, path, (await people[who]!.get(path)).status]).toEqual([who, path, 200]);
    }
  });

  it('nobody else: the same 404 as for what does not exist', async () => {
    const unknown = await people.stranger!.get(`/checks/${crypto.randomUUID()}/details/`);
    for (const path of [...pages(), ...formPages()]) {
      const answer = await people.stranger!.get(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.text).toBe(unknown.text);
    }
    expect((await people.stranger!.get('/checks/not-a-uuid/details/')).status).toBe(404);
  });

  it('visitors are sent to sign in and come back', async () => {
    const visitor = site.visitor();
    const path = `/checks/${check}/details/`;
    const sent = await visitor.get(path);
    expect(sent).toMatchObject({ status: 302, location: `/accounts/login/?next=${encodeURIComponent(path)}` });
    const answer = await visitor.submit(
      sent.location!,
      { email: 'owner@example.org', password: PASSWORD, next: path },
      '/accounts/login/',
    );
    expect(answer.location).toBe(path);
  });

  it.each(['checks', 'add_slack', 'add_pushover', 'add_telegram'])(
    'the way to %s may be in the address of the form, and is taken at once by who is signed in (SI-14)',
    async (page) => {
      const next = `/projects/${project}/${page}/`;
      const login = `/accounts/login/?next=${encodeURIComponent(next)}`;
      expect((await people.owner!.get(login)).location).toBe(next);
      const fields = { action: 'login', email: 'owner@example.org', password: PASSWORD };
      const token = /name="_csrf" value="([^"]+)"/;
      const visitor = site.visitor();
      const [, csrf] = token.exec((await visitor.get('/accounts/login/')).text)!;
      expect((await visitor.post(login, { ...fields, csrfmiddlewaretoken: csrf! })).location).toBe(next);
    },
  );

  it('scripts without a session get 403, not a page', async () => {
    for (const path of [`/checks/${check}/status/`, `/projects/${project}/checks/status/`]) {
      for (const accept of ['application/json', '*/*']) {
        expect([path, accept, (await site.visitor().get(path, { accept })).status]).toEqual([path, accept, 403]);
      }
    }
  });

  it.each(['https://evil.example/', '//evil.example/', '/\\evil.example/', '/accounts/logout/', 'javascript:alert(1)'])(
    'signing in does not lead to %s',
    async (next) => {
      const answer = await site
        .visitor()
        .submit('/accounts/login/', { email: 'owner@example.org', password: PASSWORD, next });
      expect(answer.location).toBe(`/projects/${project}/checks/`);
    },
  );
});

describe('who may change it', () => {
  it('not a reader: 403 for every form and action', async () => {
    for (const path of formPages()) expect([path, (await people.reader!.get(path)).status]).toEqual([path, 403]);
    for (const path of actions()) {
      const answer = await people.reader!.submit(`/checks/${check}/details/`, {}, path);
      expect([path, answer.status]).toEqual([path, 403]);
    }
    expect(await database.sql`select 1 from checks where code = ${check} and status = 'new'`).toHaveLength(1);
  });

  it('not a stranger: 404 for every action', async () => {
    for (const path of actions()) {
      const answer = await people.stranger!.submit('/accounts/profile/', {}, path);
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });

  it('members change checks, not people', async () => {
    const { member, reader, manager } = people;
    expect((await member!.submit(`/checks/${check}/details/`, {}, `/checks/${check}/pause/`)).status).toBe(303);
    const settings = `/projects/${project}/settings/`;
    const invitation = { action: 'invite', email: 'new@example.org', role: 'r' };
    expect((await member!.submit(settings, invitation)).status).toBe(403);
    expect(
      (await reader!.submit(`/checks/${check}/details/`, { action: 'create_key', key: 'api_key' }, settings)).status,
    ).toBe(403);
    expect((await manager!.submit(settings, invitation)).text).toContain('new@example.org now belongs to this project');
  });

  it('who is in another project of the owner is offered to managers, and is no stranger (IN-4, IN-7)', async () => {
    const settings = `/projects/${project}/settings/`;
    const [owner] = await database.sql<{ id: number }[]>`select id from users where email = 'owner@example.org'`;
    const second = await createProject(database.sql, { ownerId: owner!.id, name: 'Second' });
    for (const email of ['helper@example.org', 'member@example.org']) {
      await inviteMember(database, { projectId: second.id, email, role: 'r' });
    }
    const option = /<option value="([^"]+@[^"]+)"/g;
    const offered = async (who: Visitor | undefined) =>
      [...(await who!.get(settings)).text.matchAll(option)].map(([, email]) => email);
    expect(await offered(people.manager)).toEqual(['helper@example.org']);
    expect(await offered(people.member)).toEqual([]);
    const [manager] = await database.sql<{ id: number }[]>`select id from users where email = 'manager@example.org'`;
    while (await takeToken(database, systemClock, BUCKETS.invitationsByUser(manager!.id)));
    const invite = (email: string) => people.manager!.submit(settings, { action: 'invite', email, role: 'r' });
    expect((await invite('more@example.org')).status).toBe(429);
    expect((await invite('helper@example.org')).status).toBe(200);
    await database.sql`delete from token_buckets`;
    await deleteProject(database, second.id);
  });

  it('scripts may name the settings as Healthchecks does', async () => {
    const { member, reader, owner, manager } = people;
    const settings = `/projects/${project}/settings/`;
    const page = `/checks/${check}/details/`;
    const script = (who: Visitor | undefined, fields: Fields) => who!.submit(page, fields, settings);
    const state = async () => {
      const [row] = await database.sql`
        select name, ping_key is not null as pings,
          (select array_agg(email::text order by email) from members m join users u on u.id = user_id
           where m.project_id = p.id) as team,
          (select array_agg(email::text) from members m join users u on u.id = user_id
           where m.project_id = p.id and transfer_requested_at is not null) as asked
        from projects p where code = ${project}`;
      return row;
    };
    const before = await state();
    const invitation = { invite_team_member: '1', email: 'another@example.org', role: 'r' };
    for (const [who, fields] of [
      [reader, { create_key: 'ping_key' }],
      [reader, { set_project_name: '1', name: 'Mine' }],
      [member, invitation],
      [member, { remove_team_member: '1', email: 'reader@example.org' }],
      [manager, { transfer_project: '1', email: 'member@example.org' }],
      [member, { accept_transfer: '1' }],
    ] as const) {
      expect([fields, (await script(who, fields)).status]).toEqual([fields, 403]);
    }
    for (const [who, fields] of [
      [manager, { remove_team_member: '1', email: 'manager@example.org' }],
      [manager, { remove_team_member: '1', email: 'stranger@example.org' }],
      [owner, { transfer_project: '1', email: 'stranger@example.org' }],
      [owner, { create_key: 'other' }],
    ] as const) {
      expect([fields, (await script(who, fields)).status]).toEqual([fields, 400]);
    }
    expect(await state()).toEqual(before);

    const answers: (readonly [Visitor | undefined, Fields])[] = [
      [member, { revoke_key: 'ping_key' }],
      [member, { set_project_name: '1', name: 'Renamed' }],
      [manager, invitation],
      [owner, { transfer_project: '1', email: 'Another@example.org' }],
    ];
    for (const [who, fields] of answers) await script(who, fields);
    expect(await state()).toEqual({
      name: 'Renamed',
      pings: false,
      team: ['another@example.org', ...(before!.team as string[])],
      asked: ['another@example.org'],
    });
    await script(manager, { remove_team_member: '1', email: 'another@example.org' });
    await script(owner, { set_project_name: '1', name: before!.name as string });
    await script(owner, { create_key: 'ping_key' });
    expect(await state()).toEqual(before);
  });

  it('a reader does not see keys, nor ping URLs that hold one', async () => {
    await database.sql`update projects set show_slugs = true where code = ${project}`;
    const [{ ping_key } = { ping_key: '' }] = await database.sql<{ ping_key: string }[]>`
      select ping_key from projects where code = ${project}`;
    for (const path of pages()) expect((await people.reader!.get(path)).text).not.toContain(ping_key);
    expect((await people.member!.get(`/checks/${check}/details/`)).text).toContain(`${ping_key}/nightly`);
    await database.sql`update projects set show_slugs = false where code = ${project}`;
  });

  it('only the owner deletes: for others, superusers included, there is no such page', async () => {
    const path = `/projects/${project}/remove/`;
    for (const who of ['member', 'manager', 'admin', 'stranger']) {
      expect([who, (await people[who]!.submit('/accounts/profile/', {}, path)).status]).toEqual([who, 404]);
    }
    expect((await people.owner!.get(path)).status).toBe(200);
  });

  it('the state of the installation is for superusers', async () => {
    expect((await people.admin!.get('/instance/')).status).toBe(200);
    expect((await people.owner!.get('/instance/')).status).toBe(404);
  });

  it("another project's channel cannot be switched on for a check, nor assigned", async () => {
    const [foreign] = await database.sql<{ code: string }[]>`
      select c.code from channels c join projects p on p.id = c.project_id where p.code <> ${project} limit 1`;
    const details = `/checks/${check}/details/`;
    const path = `/checks/${check}/channels/${foreign!.code}/enabled`;
    expect((await people.owner!.submit(details, { state: 'on' }, path)).status).toBe(400);
    const [, csrf] = /name="_csrf" value="([^"]+)"/.exec((await people.owner!.get(details)).text)!;
    const own = `/checks/${check}/channels/${channel}/enabled`;
    await people.owner!.submit(details, { state: 'on' }, own);
    expect((await people.owner!.post(own, {}, { 'x-csrftoken': csrf! })).status).toBe(303);
    expect(
      await database.sql`
      select 1 from channel_checks x join channels c on c.id = channel_id where c.code = ${channel}`,
    ).toHaveLength(0);
    const assign = `/projects/${project}/integrations/`;
    expect((await people.owner!.submit(details, { channel: foreign!.code }, assign)).status).toBe(403);
    expect((await people.owner!.submit(details, { channel, check: crypto.randomUUID() }, assign)).status).toBe(403);
    expect((await people.owner!.submit(details, { channel, check: 'x' }, assign)).status).toBe(400);
  });
});
