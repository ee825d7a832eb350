import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { expect, test } from 'vitest';
import { examineSpool } from './storage.ts';

test('files of the spool that could not be read are named until somebody deletes them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'overdue-doctor-'));
  try {
    expect(await examineSpool(directory, systemClock)).toMatchObject([{ level: 'fine' }]);
    const kept = join(directory, 'spool-0000000007-0123456789abcdef.seg.damaged');
    writeFileSync(kept, 'x');
    expect(await examineSpool(directory, systemClock)).toMatchObject([
      { level: 'fine' },
      { level: 'doubtful', text: `a part of ${kept} could not be read` },
    ]);
    const foreign = join(directory, 'spool-0000000008-0123456789abcdef.seg');
    writeFileSync(foreign, 'OVSPOOL9 and so on');
    expect((await examineSpool(directory, systemClock)).at(-1)).toMatchObject({
      level: 'doubtful',
      text: `${foreign} was written by another release`,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
