import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { runService } from '@overdue/observability';
import { startSendalerts } from './service.ts';

await runService({
  service: 'sendalerts',
  clock: systemClock,
  config: () => loadConfig(process.env),
  start: startSendalerts,
});
