import { defineConfig } from 'vitest/config';

// Workspace packages are resolved to their sources (the "source" condition of their package.json), so unit tests
// never run against a stale build.
const conditions = ['source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['{packages,services}/*/src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Only what fails waits that long.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    // The long ones wait for processes more than they compute.
    maxWorkers: 3,
    globalSetup: ['packages/database/src/testing/global-setup.ts'],
  },
});
