import { defineConfig } from 'vitest/config';

// unit runs anywhere; server needs bin/liveroom and dist/.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/*.test.ts'], environment: 'node' } },
      { test: { name: 'server', include: ['test/server/*.test.ts'], environment: 'node', testTimeout: 30_000, hookTimeout: 30_000 } },
    ],
  },
});
