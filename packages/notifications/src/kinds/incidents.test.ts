import { expect, test } from 'vitest';
import { CLOAKED, CRON, KEY, KindWorld, REASON, UP } from '../testing/kind-world.ts';

const world = new KindWorld();

test('pagertree, spike, victorops', async () => {
  await world.send('pagertree');
  expect(world.json(0)).toEqual({
    incident_key: KEY,
    event_type: 'trigger',
    title: `Nightly <dump> is DOWN (${REASON})`,
    description: `Nightly &lt;dump&gt; is DOWN (${REASON}).\nLast ping was 1 day, 1 hour ago.`,
    client: 'Watch',
    client_url: 'https://site.test',
    tags: 'db prod',
  });
  await world.send('spike', UP);
  expect(world.json(1)).toEqual({
    check_id: KEY,
    title: 'Nightly <dump> is UP',
    message: 'Nightly <dump> is UP.',
    status: 'up',
  });
  await world.send('victorops');
  expect(world.json(2)).toMatchObject({
    entity_id: KEY,
    message_type: 'CRITICAL',
    entity_display_name: 'Nightly <dump>',
  });
  await world.send('victorops', UP);
  expect(world.json(3)).toMatchObject({ message_type: 'RECOVERY', state_message: 'Nightly <dump> is UP' });
});

test('pd', async () => {
  await world.send('pd', CRON);
  expect(world.calledAt()).toBe('https://events.pagerduty.com/generic/2010-04-15/create_event.json');
  expect(world.json()).toEqual({
    service_key: 'SERVICE',
    incident_key: KEY,
    event_type: 'trigger',
    description: `Nightly <dump> is DOWN (${REASON})`,
    client: 'Watch',
    client_url: 'https://site.test/checks/0d6f3c1e-5a1b-4c7e-9b51-2f4f5a6b7c8d/details/',
    details: {
      Project: 'Backups & more',
      'Total pings': 412,
      'Last ping': 'Success, 1 day, 1 hour ago',
      Description: 'pg_dump & upload',
      Tags: 'db, prod',
      Schedule: '*/5 2 * * *',
      'Time zone': 'Europe/Riga',
    },
  });
  await world.send('pd', UP, {}, {}, { service_key: 'OTHER', account: 'acme' });
  expect(world.json(1)).toMatchObject({ service_key: 'OTHER', event_type: 'resolve' });
});

test('opsgenie', async () => {
  await world.send('opsgenie');
  expect(world.calledAt()).toBe('https://api.eu.opsgenie.com/v2/alerts');
  expect(world.receiver.requests[0]!.headers.authorization).toBe('GenieKey K');
  expect(world.json()).toMatchObject({
    alias: KEY,
    source: 'Watch',
    tags: ['db', 'prod'],
    details: { 'Full details': CLOAKED },
  });
  await world.send('opsgenie', UP);
  expect(world.calledAt(1)).toBe(`https://api.eu.opsgenie.com/v2/alerts/${KEY}/close?identifierType=alias`);
  expect(world.json(1)).toEqual({ alias: KEY, source: 'Watch' });
  world.receiver.answer = (_, response) => response.writeHead(422).end('{"message":"Key format is not valid!"}');
  expect(await world.send('opsgenie')).toMatchObject({
    error: 'Received status code 422 with a message: "Key format is not valid!"',
  });
});

test('trello', async () => {
  await world.send('trello');
  const url = new URL(world.calledAt(0));
  expect(url.pathname).toBe('/1/cards');
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    idList: '0123456789abcdef',
    name: 'Down: Nightly <dump>',
    key: 'TRELLO',
    token: 'T',
  });
  expect(url.searchParams.get('desc')).toBe(
    `pg_dump & upload\n\n**Period:** 1 day\n\n**Last Ping:** 1 day, 1 hour ago\n\n[View Details](${CLOAKED})`,
  );
  await world.send('trello', CRON);
  expect(new URL(world.calledAt(1)).searchParams.get('desc')).toContain(
    '**Schedule:** `*/5 2 * * *`\n\n**Time Zone:**',
  );
});
