import { expect, test } from 'vitest';
import { textTables } from './check-table.tsx';

test('a table may have very many rows', () => {
  const check = { name: 'nightly', tags: '', status: 'up' as const, link: '' };
  const lines = textTables([{ title: 'Backups', checks: Array(200_000).fill(check) }], [['Is it?', () => 'fine']]);
  expect(lines).toHaveLength(200_005);
  expect(lines.slice(2, 5)).toEqual(['Status  Name     Is it?', '------  -------  ------', 'up      nightly  fine']);
});
