import { defineConfig } from 'vitest/config';

// Workspace packages are resolved to their sources (the "source" condition of their package.json), so unit tests
// never run against a stale build.
const conditions = ['source'];

/** Long ones, which should not begin last, and those that replace a module that others may have loaded. */
const ALONE = ['packages/queue/src/*.test.ts', 'packages/accounts/src/passwords.test.ts'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // Only what fails waits that long: a machine that is busy, or stands still for a while, is no defect.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    // The long ones wait for processes more than they compute.
    maxWorkers: 3,
    globalSetup: ['packages/database/src/testing/global-setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'units',
          include: ['packages/*/src/**/*.test.{ts,tsx}', 'services/web/src/**/*.test.{ts,tsx}'],
          exclude: ALONE,
          // One file after the other in the same processes: most of their time would go into loading the same modules.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'processes',
          include: [
            'services/{ingester,sendalerts,sendreports}/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/**/*.test.ts',
            ...ALONE,
          ],
        },
      },
    ],
  },
});
