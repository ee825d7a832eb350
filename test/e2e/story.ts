/**
 * The main job, as a user has it: set up, create a check, ping it, it is up; stop pinging, it is late, then down, the
 * mail and the webhook arrive; ping again, the "up" messages arrive. Real processes, real HTTP and SMTP.
 */

import type { HttpReceiver } from '@overdue/notifications/testing';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { Product } from '../support/product.ts';
import type { SmtpSink } from '../support/smtp-sink.ts';
import { Visitor } from '../support/visitor.ts';

const EMAIL = 'ada@example.org';
const PASSWORD = 'correct horse battery staple';
const NAME = 'Nightly backup';
const PERIOD = 60;
const GRACE = 60;

export interface Cast {
  readonly product: Product;
  readonly smtp: SmtpSink;
  readonly receiver: HttpReceiver;
  /** Called between the scenes: what may happen meanwhile, such as a kill -9. */
  readonly between?: (scene: string) => Promise<void>;
}

/** @throws what did not happen, with everything that the product printed */
export async function tellStory(cast: Cast): Promise<void> {
  try {
    await tell(cast);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${cast.product.output}`, { cause: error });
  }
}

async function tell(cast: Cast): Promise<void> {
  const { product, between = async () => {} } = cast;
  const visitor = new Visitor(product.url);

  await signUp(visitor);
  await between('signed up');
  await signInAgain(product);
  await addWebhook(visitor, cast.receiver.url);
  const check = await addCheck(visitor);
  const { code } = check;
  await between('check created');

  await ping(product, code);
  await untilStatus(visitor, check, 'up');
  await between('up');

  await shiftLastPing(product, code, PERIOD + 5);
  await untilStatus(visitor, check, 'grace');
  await shiftLastPing(product, code, PERIOD + GRACE + 1);
  await between('late');
  await untilStatus(visitor, check, 'down');
  await messagesArrive(cast, 'down', code);
  await between('down');

  await ping(product, code);
  await untilStatus(visitor, check, 'up');
  await between('up again');
  await messagesArrive(cast, 'up', code);
}

interface Check {
  readonly project: string;
  readonly code: string;
}

/** The first visitor is asked to create the administrator's account. */
async function signUp(visitor: Visitor): Promise<void> {
  await eventually('the first page', async () => (await visitor.get('/')).status === 200);
  expect(visitor.page.url).toMatch(/\/setup\/$/);
  const page = await visitor.submit({ email: EMAIL, password: PASSWORD });
  expect(page.status).toBe(200);
  expect(page.url).toMatch(/\/projects\/[0-9a-f-]{36}\/checks\/$/);
}

async function signInAgain(product: Product): Promise<void> {
  const other = new Visitor(product.url);
  await eventually('the sign-in page', async () => (await other.get('/accounts/login/')).status === 200);
  await other.submit({ email: EMAIL, password: 'not the password' });
  expect(other.page.url).toMatch(/\/accounts\/login\//);
  await other.submit({ email: EMAIL, password: PASSWORD });
  expect(other.page.url).toMatch(/\/projects\/[0-9a-f-]{36}\/checks\/$/);
}

async function addWebhook(visitor: Visitor, url: string): Promise<void> {
  const project = /\/projects\/([0-9a-f-]{36})\//.exec(visitor.page.url)![1]!;
  await visitor.get(`/projects/${project}/add_webhook/`);
  await visitor.submit({
    name: 'hook',
    method_down: 'POST',
    url_down: `${url}/down?check=$CODE`,
    body_down: '$NAME is $STATUS',
    method_up: 'POST',
    url_up: `${url}/up?check=$CODE`,
    body_up: '$NAME is $STATUS',
  });
  expect(visitor.page.status).toBe(200);
  expect(visitor.page.url).toMatch(/\/integrations\/$/);
}

async function addCheck(visitor: Visitor): Promise<Check> {
  const project = /\/projects\/([0-9a-f-]{36})\//.exec(visitor.page.url)![1]!;
  await visitor.get(`/projects/${project}/checks/add/`);
  await visitor.submit({
    name: NAME,
    kind: 'simple',
    timeout_value: '1',
    timeout_unit: '60',
    grace_value: '1',
    grace_unit: '60',
  });
  const code = /\/checks\/([0-9a-f-]{36})\/details\//.exec(visitor.page.html)?.[1];
  if (!code) throw new Error(`The check was not created: ${visitor.page.url}\n${visitor.page.html}`);
  expect(visitor.page.html).toContain(NAME);
  return { project, code };
}

/** As cron's curl would, with retries: `curl --retry 5`. */
async function ping(product: Product, code: string): Promise<void> {
  await eventually('the ping is answered', async () => {
    const response = await fetch(`${product.pingUrl}/${code}`);
    expect([response.status, await response.text()]).toEqual([200, 'OK']);
    return true;
  });
}

/** The status that the list of checks shows. */
async function untilStatus(visitor: Visitor, { project, code }: Check, status: string): Promise<void> {
  await eventually(`the list of checks says ${status}`, async () => {
    const { html } = await visitor.get(`/projects/${project}/checks/`);
    const [row] = new RegExp(`<tr[^>]* data-check="${code}"[^>]*>`).exec(html) ?? [];
    expect(/data-status="(\w+)"/.exec(row ?? '')?.[1]).toBe(status);
    return true;
  });
}

/**
 * As if the last ping had been `seconds` ago and the product had been running since: periods are a minute and more, and
 * nobody wants to wait for them here.
 */
async function shiftLastPing(product: Product, code: string, seconds: number): Promise<void> {
  const database = product.database();
  try {
    await eventually('the database takes the change', async () => {
      await database.sql.begin(async (sql) => {
        await sql`
          insert into coverage (instance_id, from_at, until_at)
          select id, now() - interval '1 day', now() from instances
          where service = 'ingester' order by started_at desc limit 1`;
        await sql`delete from gaps`;
        await sql`
          update checks
          set last_ping = now() - ${seconds} * interval '1 second',
              alert_after = now() + (timeout + grace - ${seconds}) * interval '1 second',
              wake_at = now() + (timeout + grace - ${seconds}) * interval '1 second'
          where code = ${code}`;
      });
      return true;
    });
  } finally {
    await database.close(1);
  }
}

async function messagesArrive({ smtp, receiver }: Cast, status: 'down' | 'up', code: string): Promise<void> {
  const mails = () => smtp.mails.filter((mail) => new RegExp(`\\b${status}\\b`, 'i').test(mail.subject ?? ''));
  const hooks = () => receiver.requests.filter((request) => request.url.startsWith(`/${status}?`));
  await eventually(`the ${status} mail`, () => mails().length > 0);
  await eventually(`the ${status} webhook`, () => hooks().length > 0);
  const [mail] = mails();
  expect(mail!.recipients).toEqual([EMAIL]);
  expect(mail!.subject).toContain(NAME);
  expect(mail!.text).toContain(NAME);
  expect(mail!.html).toContain(NAME);
  expect(hooks()[0]).toMatchObject({
    method: 'POST',
    url: `/${status}?check=${code}`,
    body: `${NAME} is ${status}`,
  });
}
