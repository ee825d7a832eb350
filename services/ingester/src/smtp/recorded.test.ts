/** From an SMTP session to the rows in PostgreSQL, through the whole ingester. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { createLogger, createRegistry } from '@overdue/observability';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ingester, startIngester } from '../ingester.ts';
import { Client, DOMAIN, KEY, OTHER, UUID } from './testing.ts';

let database: TestDatabase;
let link: Link;
let ingester: Ingester;
let folder: string;
let projectId: number;
const registry = createRegistry('test');

/** The network between the ingester and PostgreSQL. */
class Link {
  readonly #to: { host: string; port: number };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #away = false;

  constructor(to: { host: string; port: number }) {
    this.#to = to;
    this.#server = createServer((socket) => this.#join(socket));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as { port: number }).port;
  }

  #join(socket: Socket): void {
    if (this.#away) return void socket.destroy();
    const other = connectSocket(this.#to);
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ] as const) {
      this.#sockets.add(from);
      from
        .on('error', () => {})
        .on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      from.pipe(to);
    }
  }

  cut(): void {
    this.#away = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#away = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'overdue-smtp-'));
  database = await createTestDatabase();
  const [user] = await database.sql<{ id: number }[]>`
    insert into users (username, email) values ('u', 'u@host.test') returning id`;
  const [project] = await database.sql<{ id: number }[]>`
    insert into projects (owner_id, ping_key, badge_key) values (${user!.id}, ${KEY}, 'badge') returning id`;
  projectId = project!.id;
  const { host, port } = database.target.hosts[0]!;
  link = new Link({ host, port: port! });
  const config = loadConfig({
    PING_HOST: '127.0.0.1',
    PING_EMAIL_DOMAIN: DOMAIN,
    PING_BODY_LIMIT: '100',
    SPOOL_DIR: folder,
    // A machine that stands still for a few seconds is not to be taken for a database that is away.
    PING_DB_TIMEOUT_MS: '30000',
  });
  ingester = await startIngester({
    // Port 0 is for tests; as a setting it is refused.
    config: { ...config, PING_PORT: 0, SMTPD_PORT: 0 },
    clock: systemClock,
    logger: createLogger({ service: 'test', level: 'silent', format: 'json' }),
    registry,
    target: { ...database.target, hosts: [{ host: '127.0.0.1', port: await link.listen() }] },
    instanceId: randomUUID(),
  });
});

afterAll(async () => {
  await ingester?.stop();
  link?.close();
  await database?.drop();
  rmSync(folder, { recursive: true });
});

async function makeCheck(columns: Record<string, unknown>): Promise<void> {
  await database.sql`insert into checks ${database.sql({ project_id: projectId, ...columns })}`;
}

async function send(recipients: string[], message: string): Promise<string> {
  const client = await Client.open(ingester.smtpPort!);
  await client.envelope(recipients);
  const reply = await client.data(message);
  client.close();
  return reply;
}

test('a mail is a ping with the whole message as its body; one to nobody is taken as well', async () => {
  await makeCheck({ code: UUID, slug: 'backup', methods: 'POST' });
  const message = `Subject: x\r\n\r\nplease confirm\r\n${'long '.repeat(100)}`;
  const to = [`${UUID}@${DOMAIN}`, `${OTHER}@${DOMAIN}`, `${UUID}@${DOMAIN}`, `${KEY}+backup@${DOMAIN}`];
  expect(await send(to, message)).toBe('250 OK');
  const pings = await database.sql`
    select n, kind, scheme, method, remote_addr, ua, body, rid, exit_status from pings order by n`;
  expect(pings.map((ping) => ({ ...ping, body: String(ping.body) }))).toEqual(
    [1, 2, 3].map((n) => ({
      n,
      kind: 'success',
      scheme: 'email',
      method: '',
      remote_addr: '127.0.0.1',
      ua: 'Email from cron@host.test',
      body: `${message}\r\n`,
      rid: null,
      exit_status: null,
    })),
  );
  const [check] = await database.sql`select status, n_pings, has_confirmation_link from checks where code = ${UUID}`;
  expect(check).toEqual({ status: 'up', n_pings: 3, has_confirmation_link: true });
});

test('filters and the sticky pause', async () => {
  const filter = { filter_subject: true, failure_kw: 'FAIL', success_kw: 'OK', start_kw: 'BEGIN' };
  const code = randomUUID();
  await makeCheck({ code, ...filter });
  for (const subject of ['BEGIN', 'it is OK', 'nothing', 'FAIL OK']) {
    expect(await send([`${code}@${DOMAIN}`], `Subject: ${subject}\r\n\r\nx`)).toBe('250 OK');
  }
  const paused = randomUUID();
  await makeCheck({ code: paused, status: 'paused', manual_resume: true });
  expect(await send([`${paused}@${DOMAIN}`], 'Subject: OK\r\n\r\nx')).toBe('250 OK');
  const rows = await database.sql`
    select code, n, pings.kind from pings join checks on checks.id = check_id where code <> ${UUID} order by code, n`;
  const kinds = (of: string) => rows.filter((row) => row.code === of).map((row) => row.kind);
  expect(kinds(code)).toEqual(['start', 'success', 'ign', 'fail']);
  expect(kinds(paused)).toEqual(['ign']);
});

test('two checks with one slug', async () => {
  await makeCheck({ slug: 'twin' });
  await makeCheck({ slug: 'twin' });
  expect(await send([`${KEY}+twin@${DOMAIN}`], 'Subject: x\r\n\r\n')).toBe('250 OK');
  const [count] =
    await database.sql`select count(*)::int as n from pings join checks on checks.id = check_id where slug = 'twin'`;
  expect(count).toEqual({ n: 0 });
});

test('what became of them is counted', async () => {
  const { values } = await registry.getSingleMetric('overdue_ingester_mail_pings_total')!.get();
  const counts = Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
  expect(counts).toEqual({ recorded: 8, unknown: 1, ambiguous: 1 });
});

test('the greatest message', async () => {
  const code = '33333333-2222-4333-8444-555555555555';
  await makeCheck({ code });
  const message = 'x'
    .repeat(1022)
    .concat('\r\n')
    .repeat(32 * 1024)
    .slice(0, -2);
  expect(await send([`${code}@${DOMAIN}`], message)).toBe('250 OK');
  // On a busy machine it takes so long to write that it goes by way of the spool.
  const logged = () => database.sql`
    select length(body) as bytes from pings join checks on checks.id = check_id where code = ${code}`;
  await expect.poll(logged).toEqual([{ bytes: 33_554_432 }]);
});

test('while the database is away mails are taken, and judged by their words when it is back', async () => {
  const filter = { filter_body: true, failure_kw: 'FAIL', filter_default_fail: false, success_kw: 'OK' };
  const [known, unseen] = [randomUUID(), randomUUID()];
  await makeCheck({ code: known, ...filter });
  await makeCheck({ code: unseen, slug: 'unseen', ...filter });
  const mail = (text: string) => `Subject: x\r\nContent-Type: text/html\r\n\r\n${text}`;
  expect(await send([`${known}@${DOMAIN}`], mail('OK'))).toBe('250 OK');
  link.cut();
  expect(await send([`${known}@${DOMAIN}`, `${unseen}@${DOMAIN}`], mail('<b>F</b>AIL'))).toBe('250 OK');
  expect(await send([`${KEY}+unseen@${DOMAIN}`], mail('nothing'))).toBe('250 OK');
  expect(await send([`${unseen}@${DOMAIN}`], mail(`OK ${'x'.repeat(4_000_000)}`))).toBe('250 OK');
  link.mend();
  const kinds = async (code: string) => {
    const rows = await database.sql<{ kind: string }[]>`
      select pings.kind from pings join checks on checks.id = check_id where code = ${code} order by n`;
    return rows.map((row) => row.kind);
  };
  await expect.poll(() => kinds(known)).toEqual(['success', 'fail']);
  await expect.poll(() => kinds(unseen)).toEqual(['fail', 'ign', 'success']);
});
