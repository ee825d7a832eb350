import './tiering.ts';

import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { runService } from '@overdue/observability';
import { startWeb } from './service.ts';

await runService({
  service: 'web',
  clock: systemClock,
  config: () => loadConfig(process.env),
  start: startWeb,
});
