import { bootstrap } from '@overdue/accounts';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fields, SECRET_KEY, startTestSite, type TestSite, type Visitor } from '../../testing.ts';

let database: TestDatabase;
let site: TestSite;
let visitor: Visitor;
let project: string;
beforeAll(async () => {
  database = await createTestDatabase();
  site = await startTestSite(database);
  const account = { email: 'ops@example.org', password: 'correct horse battery' };
  project = (await bootstrap(database, SECRET_KEY, { ...account, projectName: 'Backups' })).project.code;
  visitor = site.visitor();
  await visitor.signIn(account.email, account.password);
});
afterAll(async () => {
  expect(site.errors).toEqual([]);
  await site.close();
  await database.drop();
});

const simple = { kind: 'simple', timeout_value: '1', timeout_unit: '86400', grace_value: '1', grace_unit: '3600' };
const add = (fields: Fields) => visitor.submit(`/projects/${project}/checks/add/`, { ...simple, ...fields });

async function added(fields: Fields) {
  expect((await add(fields)).location).toBe(`/projects/${project}/checks/`);
  const [row] = await database.sql`select * from checks order by id desc limit 1`;
  return { code: row!.code as string, row: row!, details: `/checks/${row!.code}/details/` };
}

describe('adding a check', () => {
  it('stores what was entered, with all integrations', async () => {
    const { row } = await added({ name: '  Nightly backup ', tags: 'prod,  db', slug: '', slug_from_name: 'on' });
    expect(row).toMatchObject({
      name: 'Nightly backup',
      tags: 'prod db',
      slug: 'nightly-backup',
      kind: 'simple',
      timeout: 86_400,
      grace: 3600,
      status: 'new',
    });
    expect(await database.sql`select 1 from channel_checks where check_id = ${row.id}`).toHaveLength(1);
  });

  it('takes cron and OnCalendar schedules with a zone', async () => {
    const cron = { kind: 'cron', schedule_cron: '0 2 * * 1-5', tz: 'Europe/Riga' };
    expect((await added(cron)).row).toMatchObject({ kind: 'cron', schedule: '0 2 * * 1-5', tz: 'Europe/Riga' });
    const calendar = { kind: 'oncalendar', schedule_oncalendar: 'Mon 08:00\r\nFri 16:00', tz: 'UTC' };
    expect((await added(calendar)).row).toMatchObject({ kind: 'oncalendar', schedule: 'Mon 08:00\nFri 16:00' });
  });

  it.each<[string, Fields, string]>([
    ['a period of no time', { timeout_value: '0' }, 'The shortest time is one minute.'],
    ['a period of over a year', { timeout_value: '366' }, 'The longest time is 365 days.'],
    ['a period that is no number', { timeout_value: '1.5' }, 'Enter a whole number.'],
    ['a grace of another unit', { grace_unit: '7' }, 'Choose minutes, hours or days.'],
    ['a name that is too long', { name: 'x'.repeat(101) }, 'Use at most 100 characters.'],
    ['a slug in capitals', { slug: 'Nightly' }, 'Use only lower-case letters'],
    ['a cron expression of four fields', { kind: 'cron', schedule_cron: '* * * *', tz: 'UTC' }, 'field-error'],
    ['a date that never comes', { kind: 'cron', schedule_cron: '0 0 31 2 *', tz: 'UTC' }, 'field-error'],
    ['no expression', { kind: 'cron', schedule_cron: ' ', tz: 'UTC' }, 'Enter an expression.'],
    ['a zone that is none', { kind: 'cron', schedule_cron: '* * * * *', tz: 'Mars/Base' }, 'Choose a time zone'],
    ['an unknown kind', { kind: 'lunar' }, 'Nothing was saved'],
    ['no period', { timeout_value: '' }, 'Enter how long.'],
  ])('shows the form again for %s, with what was entered', async (_what, fields, message) => {
    const [before] = await database.sql`select count(*) from checks`;
    const answer = await add({ name: 'kept "as" <typed>', tags: 'kept-tag', ...fields });
    expect(answer.status).toBe(400);
    const has = (part: string) => expect([part, answer.text.includes(part)]).toEqual([part, true]);
    has(message);
    has('value="kept-tag"');
    if (!('name' in fields)) has('value="kept &quot;as&quot; &lt;typed>"');
    expect((await database.sql`select count(*) from checks`)[0]).toEqual(before);
  });

  it('leads back to the list with its filters', async () => {
    const list = `/projects/${project}/checks/`;
    const filters = '?tag=prod&status=down&search=x';
    const form = `${list}add/${filters}`;
    expect((await visitor.get(list + filters)).text).toContain(`href="${form.replaceAll('&', '&amp;')}"`);
    const { text } = await visitor.get(form);
    expect(text).toContain(`action="${form.replaceAll('&', '&amp;')}"`);
    expect((await visitor.submit(form, simple)).location).toBe(
      list + new URLSearchParams(filters).toString().replace(/^/, '?'),
    );
  });

  describe('with the field names of Healthchecks', () => {
    const theirs = (fields: Fields) =>
      visitor.submit(`/projects/${project}/checks/add/`, { name: 'theirs', ...fields });
    const newest = async () => (await database.sql`select * from checks order by id desc limit 1`)[0];

    it.each<[string, Fields, object]>([
      ['simple', { kind: 'simple', timeout: '7200', grace: '90' }, { kind: 'simple', timeout: 7200, grace: 90 }],
      [
        'cron',
        { kind: 'cron', schedule: '0 3 * * *', tz: 'Europe/Riga', timeout: '60', grace: '600' },
        { kind: 'cron', schedule: '0 3 * * *', tz: 'Europe/Riga', grace: 600 },
      ],
      [
        'oncalendar',
        { kind: 'oncalendar', schedule: 'Mon 08:00', tz: 'UTC', grace: '600' },
        { kind: 'oncalendar', schedule: 'Mon 08:00', tz: 'UTC', grace: 600 },
      ],
    ])('%s', async (_kind, fields, row) => {
      expect((await theirs(fields)).status).toBe(303);
      expect(await newest()).toMatchObject(row);
      const path = `/checks/${(await newest())!.code}/timeout/`;
      await visitor.submit(path, { kind: 'simple', timeout: '120', grace: '60' });
      expect(await newest()).toMatchObject({ kind: 'simple', timeout: 120, grace: 60 });
      await visitor.submit(path, fields);
      expect(await newest()).toMatchObject(row);
    });

    it.each<[string, Fields]>([
      ['no period', { kind: 'simple', grace: '3600' }],
      ['no grace', { kind: 'simple', timeout: '3600' }],
      ['too short a period', { kind: 'simple', timeout: '59', grace: '3600' }],
      ['no number', { kind: 'simple', timeout: 'soon', grace: '3600' }],
      ['no expression', { kind: 'cron', tz: 'UTC', grace: '3600' }],
      ['no zone', { kind: 'cron', schedule: '0 3 * * *', grace: '3600' }],
      ['no kind', { timeout: '3600', grace: '3600' }],
    ])('%s is refused, with a message; nothing is saved', async (_what, fields) => {
      const before = await newest();
      for (const path of [`/projects/${project}/checks/add/`, `/checks/${before!.code}/timeout/`]) {
        const answer = await visitor.submit(path, fields);
        expect([path, answer.status]).toEqual([path, 400]);
        expect(answer.text).toContain('Nothing was saved');
      }
      expect(await newest()).toEqual(before);
    });
  });

  it('is refused at the limit of the account', async () => {
    await database.sql`update users set check_limit = (select count(*) from checks)`;
    expect((await add({ name: 'one too many' })).status).toBe(400);
    expect((await visitor.get(`/projects/${project}/checks/`)).text).toContain('No more checks');
    await database.sql`update users set check_limit = 10000`;
  });
});

describe('changing a check', () => {
  it('name, tags, description', async () => {
    const { code, details } = await added({ name: 'before' });
    const form = `/checks/${code}/name/`;
    expect((await visitor.get(form)).text).toContain('value="before"');
    const long = 'x'.repeat(20_000);
    expect((await visitor.submit(form, { name: 'before', desc: long })).status).toBe(303);
    expect((await database.sql`select "desc" from checks where code = ${code}`)[0]).toEqual({ desc: long });
    const bad = await visitor.submit(form, { name: 'after', slug: 'NO', tags: '', desc: 'line 1\r\nline 2' });
    expect(bad.status).toBe(400);
    expect(bad.text).toContain('value="after"');
    const saved = await visitor.submit(form, {
      name: 'after',
      slug: 'yes',
      tags: 'a b',
      desc: 'see https://wiki.example/x.',
      back: details,
    });
    expect(saved.location).toBe(details);
    const page = await visitor.get(details);
    expect(page.text).toContain('<a href="https://wiki.example/x"');
    expect(page.text).toContain('Saved.');
  });

  it('a schedule under which it is overdue: down at once, and the page says that nobody was told', async () => {
    const { code, details } = await added({ name: 'overdue' });
    const hourAgo = Date.now() - 3_600_000;
    await database.sql`
      update checks set status = 'up', last_ping = ${hourAgo}, alert_after = ${hourAgo + 90_000_000}, wake_at = ${hourAgo}
      where code = ${code}`;
    const change = {
      ...simple,
      timeout_value: '10',
      timeout_unit: '60',
      grace_value: '1',
      grace_unit: '60',
      back: details,
    };
    expect((await visitor.submit(`/checks/${code}/timeout/`, change)).location).toBe(details);
    const page = await visitor.get(details);
    expect(page.text).toContain('no alert was sent');
    expect(page.text).toContain('This check is down.');
    expect(page.text).toContain('<title>DOWN – overdue');
  });

  it('filtering rules are replaced as a whole', async () => {
    const { code } = await added({ name: 'filtered' });
    const form = `/checks/${code}/filtering_rules/`;
    const rules = { methods: 'POST', filter_http_body: 'on', failure_kw: 'ERROR, FATAL', filter_default_fail: 'fail' };
    const read = () => database.sql`select * from checks where code = ${code}`;
    // As Healthchecks' form sends them.
    await visitor.submit(form, { methods: 'POST', filter_default_fail: '1', manual_resume: '1' });
    expect((await read())[0]).toMatchObject({ methods: 'POST', filter_default_fail: true, manual_resume: true });
    await visitor.submit(form, { ...rules, manual_resume: 'manual' });
    expect((await read())[0]).toMatchObject({
      methods: 'POST',
      filter_http_body: true,
      filter_subject: false,
      failure_kw: 'ERROR, FATAL',
      filter_default_fail: true,
      manual_resume: true,
    });
    await visitor.submit(form, { methods: '' });
    expect((await read())[0]).toMatchObject({
      methods: '',
      filter_http_body: false,
      failure_kw: '',
      manual_resume: false,
    });
    expect((await visitor.submit(form, { methods: 'DELETE' })).status).toBe(400);
  });

  it('pause, resume, copy, clear, remove', async () => {
    const { code, details } = await added({ name: 'busy', slug: 'busy' });
    const status = async () => (await database.sql`select status from checks where code = ${code}`)[0]!.status;
    await visitor.submit(details, {}, `/checks/${code}/pause/`);
    expect(await status()).toBe('paused');
    await visitor.submit(details, {}, `/checks/${code}/resume/`);
    expect(await status()).toBe('new');
    expect((await visitor.submit(details, {}, `/checks/${code}/resume/`)).status).toBe(400);
    const copied = await visitor.submit(details, {}, `/checks/${code}/copy/`);
    expect((await visitor.get(copied.location!)).text).toContain('busy (copy)');
    expect((await visitor.submit(`/checks/${code}/clear_events/`)).location).toBe(details);
    expect((await visitor.submit(`/checks/${code}/remove/`)).location).toBe(`/projects/${project}/checks/`);
    expect((await visitor.get(details)).status).toBe(404);
  });

  it('edited from the details it returns there, from elsewhere to the list with its filters', async () => {
    const { code, details } = await added({ name: 'edited' });
    const list = `/projects/${project}/checks/`;
    for (const [form, fields] of [
      [`/checks/${code}/name/`, { name: 'edited again' }],
      [`/checks/${code}/timeout/`, simple],
    ] as const) {
      const token = /name="_csrf" value="([^"]+)"/.exec((await visitor.get(form)).text)![1]!;
      const save = async (more: Fields, headers = {}) =>
        (await visitor.post(form, { ...fields, ...more }, { 'x-csrftoken': token, ...headers })).location;
      expect(await save({})).toBe(list);
      expect(await save({}, { referer: site.url + details })).toBe(details);
      expect(await save({}, { referer: `${site.url}${list}?tag=a&search=b` })).toBe(`${list}?tag=a&search=b`);
      expect(await save({}, { referer: `https://evil.example/` })).toBe(list);
      expect(await save({ back: details })).toBe(details);
      const { text } = await visitor.get(form, { referer: `${site.url}${list}?tag=a` });
      expect(text).toContain(`name="back" value="${list}?tag=a"`);
    }
  });

  it('an action from the list returns to it with its filters, and to no other place', async () => {
    const { code, details } = await added({ name: 'from the list' });
    const list = `/projects/${project}/checks/`;
    const pause = (back: string) => visitor.submit(details, { back }, `/checks/${code}/pause/`);
    expect((await pause(`${list}?tag=prod&search=x`)).location).toBe(`${list}?tag=prod&search=x`);
    expect((await pause('https://evil.example/')).location).toBe(details);
    expect((await pause('/accounts/profile/')).location).toBe(details);
  });
});

describe('the list', () => {
  it('filters by tag, status and text, and remembers the sorting', async () => {
    await added({ name: 'Zebra 10', tags: 'zoo striped' });
    await added({ name: 'zebra 9', tags: 'zoo' });
    const names = async (query: string) => {
      const { text } = await visitor.get(`/projects/${project}/checks/${query}`);
      return [...text.matchAll(/class="check-name">([^<]+)</g)].map((m) => m[1]);
    };
    expect(await names('?tag=zoo&sort=name')).toEqual(['zebra 9', 'Zebra 10']);
    expect(await names('?tag=zoo')).toEqual(['zebra 9', 'Zebra 10']);
    expect(await names('?tag=zoo&sort=created')).toEqual(['Zebra 10', 'zebra 9']);
    expect(await names('?tag=zoo&tag=striped')).toEqual(['Zebra 10']);
    expect(await names('?search=EBRA')).toEqual(['Zebra 10', 'zebra 9']);
    expect(await names('?tag=zoo&status=up')).toEqual([]);
    expect(await names('?tag=zoo&status=up&status=new')).toHaveLength(2);
    expect(await names('?status=nonsense&tag=zoo')).toHaveLength(2);
  });

  it('escapes what people wrote', async () => {
    const name = '<img src=x onerror=alert(1)>';
    const { details } = await added({ name, tags: '"><script>' });
    for (const path of [`/projects/${project}/checks/`, details]) {
      const { text } = await visitor.get(path);
      expect(text).not.toContain(name);
      expect(text).not.toContain('<script>');
    }
  });
});

describe('previews', () => {
  const preview = async (kind: string, schedule: string, tz = 'UTC') => {
    const { text } = await visitor.get(`/projects/${project}/checks/add/`);
    const token = /name="_csrf" value="([^"]+)"/.exec(text)![1]!;
    return (await visitor.post(`/checks/${kind}_preview/`, { schedule, tz, _csrf: token })).text;
  };

  it('say when a schedule comes next, in its zone', async () => {
    expect(await preview('cron', '30 4 * * *', 'Europe/Riga')).toMatch(/04:30:00 (EET|EEST|GMT\+[23])/);
    expect((await preview('oncalendar', 'Mon 08:00')).match(/<li>/g)).toHaveLength(6);
  });

  it('say what is wrong', async () => {
    expect(await preview('cron', '61 * * * *')).toContain('preview-error');
    expect(await preview('cron', '* * * * *', 'Nowhere')).toContain('Choose a time zone from the list');
    const validate = async (query: string) => visitor.get(`/checks/validate_schedule/?${query}`);
    expect((await validate('kind=cron&schedule=*+*+*+*+*')).text).toBe('{"result":true}');
    expect((await validate(`kind=cron&schedule=${'+'.repeat(100)}0+0+1+2+*`)).text).toBe('{"result":true}');
    expect((await validate('kind=cron&schedule=x')).text).toBe('{"result":false}');
    expect((await validate('kind=lunar&schedule=x')).status).toBe(400);
  });

  it('are data for scripts: words, times in UTC, errors by field', async () => {
    const ask = async (fields: Record<string, string>) =>
      JSON.parse((await site.visitor().get(`/checks/schedule_preview/?${new URLSearchParams(fields)}`)).text);
    const cron = await ask({ kind: 'cron', schedule_cron: '0 9 * * 1-5', tz: 'Asia/Tokyo' });
    expect(cron).toMatchObject({ ok: true, tz: 'Asia/Tokyo', words: 'At 09:00, on Monday through Friday' });
    expect(cron.next).toHaveLength(6);
    for (const at of cron.next) expect(at).toMatch(/T00:00:00\.000Z$/);
    expect(cron.html).toContain('00:00:00 UTC');
    const simple = await ask({
      kind: 'simple',
      timeout_value: '2',
      timeout_unit: '3600',
      grace_value: '5',
      grace_unit: '60',
    });
    expect(simple.words).toBe('Every 2 hours');
    expect(Date.parse(simple.next[1]) - Date.parse(simple.next[0])).toBe(7_200_000);
    // The original's names count, too.
    const original = await ask({ kind: 'cron', schedule: '*/15 3 * * *', tz: 'America/New_York', grace: '7200' });
    expect(original).toMatchObject({ ok: true, tz: 'America/New_York' });
    expect(original.html).toContain('down 2 hours later');
    const wrong = await ask({ kind: 'oncalendar', schedule_oncalendar: 'Mon 25:00', tz: 'Nowhere', grace_value: 'x' });
    expect(wrong.ok).toBe(false);
    expect(Object.keys(wrong.errors).sort()).toEqual(['grace_value', 'schedule_oncalendar', 'tz']);
    expect((await site.visitor().get(`/checks/schedule_preview/?schedule_cron=${'x'.repeat(1001)}`)).status).toBe(400);
  });

  it('come without a script, too: a button of the form shows them and saves nothing', async () => {
    const before = await database.sql`select count(*)::int as n from checks`;
    const { status, text } = await add({
      name: 'Not yet',
      kind: 'cron',
      schedule_cron: '30 4 * * *',
      tz: 'UTC',
      preview: 'yes',
    });
    expect(status).toBe(200);
    expect(text).toContain('04:30:00 UTC');
    expect(text).toContain('value="Not yet"');
    expect(await database.sql`select count(*)::int as n from checks`).toEqual(before);
  });
});
