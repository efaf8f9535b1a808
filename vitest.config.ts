import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Machines of CI are shared and starve now and then, and a limit store that answers late is an outage; twice is no accident.
    retry: process.env['CI'] === undefined ? 0 : 1,
    coverage: {
      provider: 'v8',
      include: ['src/policy/**', 'src/pipeline/**'],
      reporter: ['text', 'json-summary'],
    },
  },
});
