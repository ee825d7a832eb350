import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { bootstrap, inviteMember } from '@overdue/accounts';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { unsubscribeLink } from '@overdue/notifications';
import { SECRET_KEY, startTestSite, type TestSite } from '@overdue/web/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { browserMissing, launchBrowser } from './browser.ts';

/** Every page in a real browser: no accessibility violations, nothing wider than the screen, nothing in the console. */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
/** What differs between the themes. */
const COLOURS = { type: 'rule', values: ['color-contrast'] };
const ACCOUNT = { email: 'ops@example.org', password: 'correct horse battery' };
/**
 * The machine may be busy: only what fails waits that long, in milliseconds. What is on a page is polled also right after
 * a click: that the next page has begun to come does not say that all of it is there.
 */
const PATIENCE = { timeout: 60_000 };
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
const VARIANTS = [
  { width: 1280, colorScheme: 'light', rules: RULES },
  { width: 1280, colorScheme: 'dark', rules: COLOURS },
  { width: 390, colorScheme: 'light', rules: RULES },
] as const;

describe.skipIf(browserMissing())('pages in a browser', () => {
  let database: TestDatabase;
  let site: TestSite;
  let browser: Browser;
  let state: Awaited<ReturnType<BrowserContext['storageState']>>;
  let paths: Record<string, string>;
  let list: string;
  let details: string;
  let checkId: number;

  beforeAll(async () => {
    database = await createTestDatabase({ max: 10 });
    site = await startTestSite(database);
    const made = await bootstrap(database, SECRET_KEY, { ...ACCOUNT, projectName: 'Acme infrastructure' });
    const project = made.project.code;
    const check = await seed(project);
    const [row] = await database.sql<{ id: number }[]>`select id from projects where code = ${project}`;
    const somebody = { email: 'somebody.with-a-long.name@department.example.org', role: 'r' } as const;
    await inviteMember(database, { projectId: row!.id, ...somebody });
    checkId = check.id;
    list = `/projects/${project}/checks/`;
    details = `/checks/${check.code}/details/`;
    paths = {
      overview: '/',
      checks: list,
      'no match': `${list}?search=nothing`,
      'add check': `${list}add/`,
      details,
      log: `/checks/${check.code}/log/`,
      ping: `/checks/${check.code}/pings/2/`,
      why: `/checks/${check.code}/explain/`,
      name: `/checks/${check.code}/name/`,
      schedule: `/checks/${check.code}/timeout/`,
      'filtering rules': `/checks/${check.code}/filtering_rules/`,
      'remove check': `/checks/${check.code}/remove/`,
      'move check': `/checks/${check.code}/transfer/`,
      integrations: `/projects/${project}/integrations/`,
      'add email': `/projects/${project}/add_email/`,
      'add ntfy': `/projects/${project}/add_ntfy/`,
      'add webhook': `/projects/${project}/add_webhook/`,
      prometheus: `/projects/${project}/add_prometheus/`,
      'edit integration': `/integrations/${made.channel}/edit/`,
      'checks of an integration': `/integrations/${made.channel}/checks/`,
      badges: `/projects/${project}/badges/`,
      settings: `/projects/${project}/settings/`,
      'add project': '/projects/add/',
      account: '/accounts/profile/',
      installation: '/instance/',
      'e-mail address': '/accounts/change_email/',
      'closing the account': '/accounts/close/',
      documentation: '/docs/',
      'search in the documentation': '/docs/search/?q=cron+zone',
      'trying a schedule': '/docs/cron/',
      board: '/tv/',
      'board with a key': `/tv/#${made.api_key_readonly}=Acme`,
      'not found': '/nope/',
    };
    browser = await launchBrowser();
    const context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    await page.goto('/accounts/login/');
    await page.fill('[name=email]', ACCOUNT.email);
    await page.fill('[name=password]', ACCOUNT.password);
    await page.click('main button[type=submit]');
    await page.waitForURL(`**${list}`);
    state = await context.storageState();
    await context.close();
  });

  afterAll(async () => {
    await browser.close();
    expect(site.errors).toEqual([]);
    await site.close();
    await database.drop();
  });

  async function seed(project: string): Promise<{ id: number; code: string }> {
    const { sql } = database;
    for (const [name, status, tags] of [
      ['Nightly database backup', 'up', 'prod db'],
      ['Search index rebuild', 'down', 'etl'],
      ['Disk snapshot', 'paused', 'prod'],
      ['', 'new', ''],
      // What people name things must not break a page's shape.
      ['extract_transform_and_load_'.repeat(4).slice(0, 100), 'up', `etl ${'w'.repeat(200)} ${'tag '.repeat(40)}`],
      ['نسخ احتياطي لقاعدة البيانات', 'up', 'قاعدة prod'],
    ] as const) {
      await sql`
        insert into checks (project_id, name, status, tags, last_ping, n_pings)
        select id, ${name}, ${status}, ${tags}, ${status === 'new' ? null : Date.now() - 3_600_000}, 2
        from projects where code = ${project}`;
    }
    await sql`
      insert into channels (project_id, kind, value, last_error, last_notify)
      select id, 'email', ${sql.json({ value: `${'long-address-'.repeat(5)}@example.org`, up: true, down: true })},
             ${'Received status code 403: '.repeat(6)}, now() from projects where code = ${project}`;
    const [check] = await sql<{ id: number; code: string }[]>`
      update checks set last_start = ${Date.now() - 60_000} where name = 'Nightly database backup' returning id, code`;
    for (const [n, kind] of [
      [1, 'start'],
      [2, 'fail'],
    ] as const) {
      await sql`
        insert into pings (check_id, n, id, created_at, kind, scheme, method, remote_addr, ua, exit_status, body)
        values (${check!.id}, ${n}, ${randomUUID()}, ${Date.now() - 3_600_000}, ${kind}, 'https', 'POST', '203.0.113.7',
                'curl/8.5.0', ${kind === 'fail' ? 1 : null}, ${Buffer.from('a long line of output. '.repeat(40))})`;
    }
    await sql`
      insert into flips (check_id, created_at, old_status, new_status, reason)
      values (${check!.id}, ${Date.now() - 3_600_000}, 'up', 'down', 'fail')`;
    return check!;
  }

  /** What the page said in the console, but for a page's own error status. */
  function listen(page: Page): string[] {
    const said: string[] = [];
    page.on('pageerror', (error) => said.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of (403|404)/.test(message.text())) said.push(message.text());
    });
    return said;
  }

  async function violations(page: Page, rules: object = RULES): Promise<string[]> {
    const result = (await page.evaluate(
      `${AXE}; axe.run(document, { resultTypes: ['violations'], runOnly: ${JSON.stringify(rules)} })`,
    )) as { violations: { id: string; nodes: { html: string }[] }[] };
    return result.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
  }

  it.each(VARIANTS)('are accessible and fit at $width px, $colorScheme', async (variant) => {
    const { width, colorScheme, rules } = variant;
    const context = await browser.newContext({
      baseURL: site.url,
      viewport: { width, height: 800 },
      colorScheme,
      storageState: state,
      ...(width < 600 ? { hasTouch: true, isMobile: true } : {}),
    });
    const page = await context.newPage();
    const said = listen(page);
    const found: string[] = [];
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(path);
      for (const violation of await violations(page, rules)) found.push(`${name}: ${violation}`);
      const scrollWidth = await page.evaluate('document.documentElement.scrollWidth');
      if ((scrollWidth as number) > width) found.push(`${name}: ${scrollWidth} px wide`);
    }
    await context.close();
    expect(found).toEqual([]);
    expect(said).toEqual([]);
  });

  it('sign-in is accessible', async () => {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    await page.goto('/accounts/login/');
    expect(await violations(page)).toEqual([]);
    await context.close();
  });

  it('show a change without being loaded again', async () => {
    const context = await browser.newContext({ baseURL: site.url, storageState: state });
    const [onList, onDetails] = [await context.newPage(), await context.newPage()];
    await onDetails.goto(details);
    await onList.goto(list);
    const icon = '[data-check] .status-down';
    const before = await onList.locator(icon).count();
    await onList.bringToFront();
    await database.sql`update checks set status = 'down', n_pings = n_pings + 1 where id = ${checkId}`;
    await expect.poll(() => onList.locator(icon).count(), PATIENCE).toBe(before + 1);
    await expect.poll(() => onList.textContent('[data-status-chip=down] b'), PATIENCE).toBe(String(before + 1));
    await expect.poll(() => onList.getAttribute('[data-tag=prod]', 'class'), PATIENCE).toContain('tag-down');
    await expect.poll(() => onList.title(), PATIENCE).toContain(`${before + 1} down`);
    await onDetails.bringToFront();
    await expect.poll(() => onDetails.locator('#status-now .status-down').count(), PATIENCE).toBe(1);
    await database.sql`update checks set status = 'up' where id = ${checkId}`;
    await context.close();
  });

  it('work without scripts: adding, pausing, resuming, filtering', async () => {
    const context = await browser.newContext({ baseURL: site.url, storageState: state, javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${list}add/`);
    await page.fill('[name=name]', 'Made without a script');
    await page.check('input[name=kind][value=cron]');
    await page.fill('[name=schedule_cron]', '61 * * * *');
    await page.click('text=Add the check');
    await expect.poll(() => page.locator('.field-error').count(), PATIENCE).toBe(1);
    expect(await page.inputValue('[name=name]')).toBe('Made without a script');
    await page.fill('[name=schedule_cron]', '*/5 * * * *');
    await page.click('text=Add the check');
    await page.waitForURL(`**${list}`);
    await page.click('.check-name:has-text("Made without a script")');
    await page.waitForURL('**/details/');
    await page.click('button:has-text("Pause")');
    await expect.poll(() => page.textContent('.status-sentence'), PATIENCE).toContain('paused');
    await page.goto(list);
    await page.click('[aria-label="Resume Made without a script"]');
    // The same page again, where it can be paused.
    await page.waitForSelector('[aria-label="Pause Made without a script"]');
    await page.fill('[name=search]', 'without a');
    await page.click('text=Filter');
    await page.waitForURL(/search=without/);
    expect(await page.locator('tr[data-check]').count()).toBe(1);
    await context.close();
  });

  it('of an old link in a mail switch the alerts off without another click', async () => {
    const [channel] = await database.sql<
      { id: number; code: string }[]
    >`select id, code from channels where kind = 'email'`;
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(unsubscribeLink(site.url, SECRET_KEY, channel!.code, Date.now() - 3_600_000));
    await page.waitForSelector('h1:has-text("Unsubscribed")');
    // As it was, for the tests below.
    const switchedOn =
      await database.sql`update channels set disabled = false where id = ${channel!.id} and disabled returning id`;
    expect(switchedOn).toHaveLength(1);
    await context.close();
  });

  it('of a link in an alert show the ping that it names', async () => {
    const context = await browser.newContext({ baseURL: site.url, storageState: state });
    const page = await context.newPage();
    await page.goto(`${details}#ping-2`);
    await page.waitForURL(/\/pings\/2\/$/, PATIENCE);
    await context.close();
  });

  it('preview a schedule while it is typed, and say what is wrong at the field', async () => {
    const context = await browser.newContext({ baseURL: site.url, storageState: state });
    const page = await context.newPage();
    const words = () => page.textContent('.preview-words');
    await page.goto(`${list}add/`);
    expect(await words()).toBe('Every day');
    await page.fill('[name=timeout_value]', '3');
    await expect.poll(words, PATIENCE).toBe('Every 3 days');
    await page.check('input[name=kind][value=cron]');
    await page.fill('[name=schedule_cron]', '30 4 * * *');
    await page.fill('[name=tz]', 'Asia/Tokyo');
    await expect.poll(() => page.textContent('.preview-times li'), PATIENCE).toContain('19:30:00 UTC');
    await expect.poll(() => page.locator('.preview-times li').count(), PATIENCE).toBe(6);
    await page.fill('[name=schedule_cron]', '30 4 * *');
    await expect.poll(() => page.locator('#e-schedule_cron').count(), PATIENCE).toBe(1);
    await expect.poll(() => page.getAttribute('[name=schedule_cron]', 'aria-invalid'), PATIENCE).toBe('true');
    expect(await violations(page)).toEqual([]);
    await page.fill('[name=schedule_cron]', '30 4 * * 1');
    await expect.poll(() => page.locator('#e-schedule_cron').count(), PATIENCE).toBe(0);
    await context.close();
  });

  it('put tiles on a board, what is down first, and say when they cannot be trusted', async () => {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    await page.goto(`${paths['board with a key']}&theme=dark&nonsense=Other`);
    const tiles = page.locator('.tv-tile');
    await expect.poll(() => tiles.count(), PATIENCE).toBeGreaterThan(3);
    await expect.poll(() => tiles.first().getAttribute('class'), PATIENCE).toContain('tv-down');
    await expect.poll(() => page.textContent('[data-tv-trouble]'), PATIENCE).toBe('Other: the key is not valid.');
    await expect.poll(() => page.getAttribute('html', 'data-theme'), PATIENCE).toBe('dark');
    await expect.poll(() => page.title(), PATIENCE).toMatch(/^1 down/);
    await context.setOffline(true);
    await expect.poll(() => page.textContent('[data-tv-trouble]'), PATIENCE).toContain('does not answer');
    await context.close();
  });

  it('filter the list while it is typed; "/" goes there', async () => {
    const context = await browser.newContext({ baseURL: site.url, storageState: state });
    const page = await context.newPage();
    await page.goto(list);
    const rows = page.locator('tr[data-check]:visible');
    expect(await rows.count()).toBeGreaterThan(3);
    await page.keyboard.press('/');
    await page.keyboard.type('SNAPSHOT');
    await expect.poll(() => rows.count(), PATIENCE).toBe(1);
    await expect.poll(() => page.url(), PATIENCE).toContain('search=SNAPSHOT');
    await context.close();
  });
});
