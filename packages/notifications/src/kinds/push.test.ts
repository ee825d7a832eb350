import { expect, test } from 'vitest';
import { findKind } from '../kinds.ts';
import { CLOAKED, KEY, KindWorld, REASON, UP, VALUES } from '../testing/kind-world.ts';

const world = new KindWorld();

test('ntfy', async () => {
  const others = { down: 1, named: [{ name: 'other', code: '0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8e', lastPing: null }] };
  await world.send('ntfy', {}, { others });
  expect(world.receiver.requests[0]!.headers.authorization).toBe('Bearer NTFY');
  expect(world.json()).toMatchObject({
    topic: 'alerts',
    priority: 5,
    title: 'Nightly <dump> is DOWN',
    markdown: true,
    tags: ['red_circle'],
    actions: [{ action: 'view', label: 'View on Watch', url: CLOAKED }],
  });
  expect(world.json().message).toBe(
    [
      `Reason: ${REASON}.`,
      '',
      '**Project:** Backups &amp; more',
      '**Tags:** db, prod',
      '**Period:** 1 day',
      '**Total Pings:** 412',
      '**Last Ping:** Success, 1 day, 1 hour ago',
      '',
      'The following check is also down:',
      '* **other** (last ping: never)',
    ].join('\n'),
  );
  await world.send('ntfy', {}, {}, {}, { ...(VALUES.ntfy as object), url: 'https://ntfy.example.org' });
  expect(world.receiver.requests[1]!.headers.authorization).toBeUndefined();
  const { wants } = findKind('ntfy')!;
  expect(wants({ ...(VALUES.ntfy as object), priority_up: 0 })).toEqual({ down: true, up: false });
});

test('others: all up; too many to name', async () => {
  await world.send('ntfy', {}, { others: { down: 0, named: [] } });
  expect(world.json(0).message).toMatch(/\n\nAll the other checks are up\.$/);
  await world.send('ntfy', UP, { others: { down: 11, named: [] } });
  expect(world.json(1).message).toMatch(/\n\n11 other checks are still down\.$/);
});

test('gotify', async () => {
  await world.send('gotify');
  expect(world.calledAt()).toBe('https://gotify.test/sub/message?token=T');
  expect(world.json()).toMatchObject({ title: 'Nightly <dump> is DOWN', priority: 9 });
  expect(world.json().message).toBe(`🔴 [Nightly &lt;dump&gt;](${CLOAKED}) is **DOWN**.\nReason: ${REASON}.`);
  // As a channel without priorities is stored: the server's default.
  for (const priorities of [{}, { priority: null, priority_up: null }]) {
    const value = { url: 'https://gotify.test', token: 'T', ...priorities };
    expect(await world.send('gotify', {}, {}, {}, value)).toMatchObject({ result: 'sent' });
    expect(world.json(world.receiver.requests.length - 1)).not.toHaveProperty('priority');
  }
});

test('pushover: emergencies are repeated, and called off when it is up', async () => {
  await world.send('po');
  expect(world.calledAt()).toBe('https://api.pushover.net/1/messages.json');
  expect(world.form()).toMatchObject({
    token: 'APP',
    user: 'USER',
    title: '🔴 Nightly <dump> is DOWN',
    priority: '2',
    retry: '300',
    expire: '86400',
    tags: KEY,
    url: CLOAKED,
    url_title: 'View on Watch',
  });
  await world.send('po', UP);
  expect(world.calledAt(1)).toBe(`https://api.pushover.net/1/receipts/cancel_by_tag/${KEY}.json`);
  expect(world.form(2)).toMatchObject({ priority: '0' });
  expect(world.form(2).retry).toBeUndefined();
  const { wants, schema } = findKind('po')!;
  expect(wants(schema.parse('KEY|-3'))).toEqual({ down: false, up: false });
});

test('pushbullet', async () => {
  await world.send('pushbullet');
  expect(world.receiver.requests[0]!.headers['access-token']).toBe('PB');
  expect(world.json()).toEqual({
    type: 'note',
    title: 'Watch',
    body: `The check "Nightly <dump>" is DOWN (${REASON}).`,
  });
});
