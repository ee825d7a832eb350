import { createRegistry } from '@overdue/observability';
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
