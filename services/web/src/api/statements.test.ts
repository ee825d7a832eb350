/** How many SQL statements a request costs, counted where they leave for the server. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type Database } from '@overdue/database';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi, type TestProject } from './testing.ts';

let database: TestDatabase;
let counted: Database;
let api: TestApi;
let statements = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  const { target } = database;
  counted = connect({ target, applicationName: 'counted', max: 1, socket: () => countingSocket(target.hosts[0]!) });
  api = await startTestApi(counted);
});
afterAll(async () => {
  await api.close();
  await counted.close(1);
  await database.drop();
});

/** A connection that counts executions: the protocol's messages Bind and Query (PostgreSQL, "Message Formats"). */
async function countingSocket({ host, port }: { host: string; port: number }): Promise<Socket> {
  const socket = connectTcp(port, host);
  await once(socket, 'connect');
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let rest = Buffer.alloc(0);
  let started = false;
  socket.write = ((data: Buffer, ...more: unknown[]) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      // The first message alone has no letter before its length.
      const letter = started ? 1 : 0;
      if (rest.length < letter + 4) break;
      const end = letter + rest.readInt32BE(letter);
      if (rest.length < end) break;
      if (started && (rest[0] === 'B'.charCodeAt(0) || rest[0] === 'Q'.charCodeAt(0))) statements++;
      started = true;
      rest = rest.subarray(end);
    }
    return write(data, ...more);
  }) as Socket['write'];
  return socket;
}

async function projectOf(checks: number): Promise<TestProject> {
  const project = await api.project();
  await database.sql`
    with made as (
      insert into checks (project_id, name, tags) select ${project.id}, 'c' || i, 'db prod' from generate_series(1, ${checks}) i
      returning id
    ), channel as (
      insert into channels (project_id, kind, value) values (${project.id}, 'email', '{"value":"a@example.org"}') returning id
    )
    insert into channel_checks (check_id, channel_id) select made.id, channel.id from made, channel`;
  return project;
}

async function cost(path: string, key: string): Promise<number> {
  const before = statements;
  const reply = await api.call(path, { key });
  expect(reply.status).toBe(200);
  return statements - before;
}

test.each([
  '/api/v3/checks/',
  '/api/v1/checks/',
  '/api/v3/checks/?tag=db&tag=prod',
  '/api/v3/checks/?slug=x',
  '/api/v3/badges/',
  '/api/v3/channels/',
  '/api/applications',
])('%s: as many for 500 checks as for 10', async (path) => {
  const [few, many] = [await projectOf(10), await projectOf(500)];
  const keys = /channels|applications/.test(path) ? (['rw'] as const) : (['rw', 'ro'] as const);
  for (const key of keys) {
    for (const project of [few, many]) await cost(path, project[key]); // what a connection asks once is asked
    const [ten, fiveHundred] = [await cost(path, few[key]), await cost(path, many[key])];
    expect(ten).toBeGreaterThan(0); // it does count
    expect(fiveHundred).toBe(ten);
    expect(ten).toBeLessThanOrEqual(2); // the key, and all of the answer
  }
});

test('a check: its key and the check itself in one statement', async () => {
  const { id, rw } = await projectOf(2);
  const [check] = await database.sql<{ code: string }[]>`select code from checks where project_id = ${id} limit 1`;
  await cost(`/api/v3/checks/${check!.code}`, rw); // what a connection asks once is asked
  expect(await cost(`/api/v3/checks/${check!.code}`, rw)).toBe(1);
});
