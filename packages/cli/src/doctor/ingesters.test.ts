import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@overdue/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examineIngesters } from './ingesters.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test.each([
  ['one that is silent', { service: 'ingester', seconds: 60, stopped: false }, 1],
  ['one that lives', { service: 'ingester', seconds: 0, stopped: false }, 0],
  ['one that has stopped', { service: 'ingester', seconds: 60, stopped: true }, 0],
  ['another service', { service: 'web', seconds: 60, stopped: false }, 0],
])('%s', async (_, { service, seconds, stopped }, found) => {
  const id = randomUUID();
  await database.sql`truncate instances`;
  await database.sql`
    insert into instances (id, service, host, pid, started_at, seen_at, stopped_at, info)
    values (${id}, ${service}, 'attic', 1, now(), now() - ${seconds} * interval '1 second',
            case when ${stopped} then now() end, '{"spooling_since": 1, "spooled_pings": 7}')`;
  const findings = await examineIngesters(database.sql);
  expect(findings).toHaveLength(found);
  for (const { text, mend } of findings) {
    expect(text).toMatch(new RegExp(`^${id} on attic .*holds 7 pings`));
    expect(mend).toContain(`overdue instances dismiss ${id}`);
  }
});
