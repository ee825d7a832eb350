import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { pidFile, writePidFile } from '@overdue/observability';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examineServices } from './services.ts';

const directory = mkdtempSync(join(tmpdir(), 'overdue-doctor-'));
const admin = createServer((_request, response) => response.writeHead(503).end('Something is wrong.\n'));
beforeAll(() => new Promise<void>((resolve) => void admin.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  admin.close();
  rmSync(directory, { recursive: true, force: true });
});

// No process can have a number as great as this one.
const NOBODY = 2 ** 30;

test.each([
  ['without a service', null, 'services', /none runs/],
  ['of a service that says what is wrong', process.pid, 'ingester', /^Something is wrong\.$/],
  ['of a service that died', NOBODY, 'ingester', /^died: .*ingester\.pid/],
])('a DATA_DIR %s', async (_, pid, subject, text) => {
  const config = loadConfig({
    DATA_DIR: join(directory, String(pid)),
    INGESTER_ADMIN_PORT: String((admin.address() as AddressInfo).port),
  });
  if (pid !== null) writePidFile(pidFile(config.DATA_DIR, 'ingester'), pid);
  const findings = await examineServices(config, systemClock);
  expect(findings).toMatchObject([{ subject, text: expect.stringMatching(text) }]);
});
