import { defineConfig } from 'vitest/config';

// unit runs anywhere; browser, pictures and perf (a measurement) need a built dist/, chromium and ffmpeg; journey needs bin/liveroom too.
export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: {
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.{ts,tsx}'], environment: 'node', setupFiles: ['test/unit/setup.ts'] } },
      ...['browser', 'journey', 'pictures', 'tour', 'perf'].map((name) => ({
        extends: true as const,
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          environment: 'node' as const,
          setupFiles: ['test/browser/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: name === 'journey' ? 3 : 2, // journeys mostly wait for real time; more would take the pictures' time from each other
          fileParallelism: !['pictures', 'tour', 'perf'].includes(name),
        },
      })),
    ],
  },
});
