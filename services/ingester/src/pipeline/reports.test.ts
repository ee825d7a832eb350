import { createRegistry } from '@overdue/observability';
import { makePing } from '@overdue/pings/testing';
import { expect, test } from 'vitest';
import { createMetrics } from '../metrics.ts';
import { reportsTo } from './reports.ts';

test('why pings are refused is logged once for each time that the database is away', () => {
  const errors: unknown[] = [];
  const ignore = () => {};
  const logger = { info: ignore, warn: ignore, error: (context: object) => errors.push(context) };
  const { writer } = reportsTo(
    createMetrics(createRegistry('ingester'), () => null),
    logger as unknown as Parameters<typeof reportsTo>[1],
  );
  const [full, broken] = [new Error('full'), new Error('broken')];
  for (const err of [full, broken]) {
    writer.away(new Error('gone'));
    writer.refused(1, err);
    writer.refused(2, err);
    writer.back();
  }
  expect(errors).toEqual([{ err: full }, { err: broken }]);
});

test('accepted pings are counted with those that a sum of the throttle only counts', async () => {
  const registry = createRegistry('ingester');
  const { writer } = reportsTo(
    createMetrics(registry, () => null),
    {} as unknown as Parameters<typeof reportsTo>[1],
  );
  const pings = [makePing(1, 0, { skipped: 471 }), makePing(1, 1)];
  writer.committed({ way: 'long', timeouts: 0, unjudged: 0 } as Parameters<typeof writer.committed>[0], pings, 1);
  writer.spooled(pings.slice(1));
  const text = await registry.metrics();
  expect(text).toMatch(/accepted_total\{[^}]*how="committed"[^}]*\} 473$/m);
  expect(text).toMatch(/accepted_total\{[^}]*how="spooled"[^}]*\} 1$/m);
});
