import { bootstrap } from '@overdue/accounts';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET_KEY, startTestSite, type TestSite, type Visitor } from '../testing.ts';

let database: TestDatabase;
let site: TestSite;
let visitor: Visitor;
let project: string;
let check: string;

beforeAll(async () => {
  database = await createTestDatabase();
  site = await startTestSite(database);
  const account = { email: 'ops@example.org', password: 'correct horse battery' };
  project = (await bootstrap(database, SECRET_KEY, account)).project.code;
  visitor = site.visitor();
  await visitor.signIn(account.email, account.password);
  const [row] = await database.sql<{ code: string }[]>`
    insert into checks (project_id, name) select id, 'nightly' from projects where code = ${project} returning code`;
  check = row!.code;
});
afterAll(async () => {
  await site.close();
  await database.drop();
});

/** Opens a stream; the answer yields its messages. */
async function* messages(path: string, signal: AbortSignal) {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(site.url + path, { headers: { accept: 'text/event-stream', cookie }, signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop()!;
    for (const part of parts) if (part.startsWith('data: ')) yield JSON.parse(part.slice('data: '.length));
  }
}

describe('live status', () => {
  it('tells an open list what changed, and only that', async () => {
    await database.sql`insert into checks (project_id, name) select id, 'other' from projects where code = ${project}`;
    const end = new AbortController();
    const stream = messages(`/projects/${project}/checks/status/`, end.signal);
    const first = (await stream.next()).value;
    const { text } = await visitor.get(`/projects/${project}/checks/`);
    expect(first.codes).toHaveLength(2);
    for (const [i, code] of first.codes.entries()) {
      expect(text).toMatch(new RegExp(`data-check="${code}" data-status="new" data-v="${first.signs[i]}"`));
    }
    await database.sql`update checks set status = 'down', n_pings = 1, last_ping = now() where code = ${check}`;
    const second = (await stream.next()).value;
    expect(second).toMatchObject({ down: 1, checks: [{ code: check, status: 'down' }] });
    expect(second.checks[0].html.status).toContain('status-down');
    expect(second.checks[0].html.last).toContain('<time');
    await database.sql`delete from checks where name = 'other'`;
    expect((await stream.next()).value).toMatchObject({ codes: [check], checks: [] });
    end.abort();
    await stream.next().catch(() => {});
  });

  it('tells open details that something happened', async () => {
    const end = new AbortController();
    const stream = messages(`/checks/${check}/status/`, end.signal);
    const first = (await stream.next()).value;
    const { text } = await visitor.get(`/checks/${check}/details/`);
    expect(text).toContain(`data-seen="${first.seen}"`);
    await database.sql`update checks set n_pings = n_pings + 1 where code = ${check}`;
    const second = (await stream.next()).value;
    expect(second.version).not.toBe(first.version);
    end.abort();
    await stream.next().catch(() => {});
  });

  it('is there as JSON for those who poll, also for a project without checks', async () => {
    const { text } = await visitor.get(`/projects/${project}/checks/status/`, { accept: 'application/json' });
    expect(JSON.parse(text)).toMatchObject({ down: 1, codes: [check] });
    await visitor.submit('/projects/add/', { name: 'Empty' });
    const [empty] = await database.sql<{ code: string }[]>`select code from projects where name = 'Empty'`;
    const answer = await visitor.get(`/projects/${empty!.code}/checks/status/`, { accept: 'application/json' });
    expect(JSON.parse(answer.text)).toMatchObject({ down: 0, codes: [], signs: [], tags: [], counts: { up: 0 } });
  });
});
