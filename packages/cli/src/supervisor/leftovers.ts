import type { Clock } from '@overdue/clock';
import { pidFile, readPidFile, SERVICES } from '@overdue/observability';
import { serviceMain } from '../commands/serve.ts';
import { endLeftoverServer } from '../embedded/cluster.ts';
import { commandLine, endProcess } from '../support/processes.ts';

/**
 * Ends what a killed supervisor left running on this DATA_DIR. Its services end by themselves when they notice, which
 * may take a moment; the database server does not. Call with the DATA_DIR's lock held.
 */
export async function endLeftovers(dataDir: string, clock: Clock, say: (line: string) => void): Promise<void> {
  await Promise.all(
    SERVICES.map(async (service) => {
      const pid = readPidFile(pidFile(dataDir, service));
      // The number may belong to anybody by now.
      if (pid === null || !commandLine(pid)?.includes(serviceMain(service))) return;
      say(`Ending ${service} (process ${pid}), left over from an earlier run …`);
      const steps = [
        ['SIGTERM', 5000],
        ['SIGKILL', 1000],
      ] as const;
      await endProcess(pid, steps, clock);
    }),
  );
  if (await endLeftoverServer(dataDir, clock)) say('Ended the embedded database that an earlier run had left over.');
}
