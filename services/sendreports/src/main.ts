import { systemClock } from '@overdue/clock';
import { loadConfig } from '@overdue/config';
import { runService } from '@overdue/observability';
import { startSendreports } from './service.ts';

await runService({
  service: 'sendreports',
  clock: systemClock,
  config: () => loadConfig(process.env),
  start: startSendreports,
});
