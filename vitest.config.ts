import { defineConfig } from 'vitest/config'

/** Virtual machines: one file at a time, and nothing is hurried. */
const patiently = {
  testTimeout: 1_800_000,
  hookTimeout: 900_000,
  fileParallelism: false,
  sequence: { concurrent: false },
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Several have a database, or a fleet of thousands, and share the computer with the other workers.
          testTimeout: 30_000,
          expect: { poll: { timeout: 15_000 } },
          // Vitest empties style sheets unless told otherwise; a test reads the palette.
          css: { include: [/palette\.css/] },
          include: [
            '{schema,control-plane,edge-agent,lab}/src/**/*.test.ts',
            'edge-agent/bundle/**/*.test.ts',
            'scripts/**/*.test.ts',
            'site/src/**/*.test.ts',
          ],
        },
      },
      'control-plane/vitest.worker.config.ts',
      {
        test: {
          name: 'browser',
          include: ['lab/test/browser/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      { test: { name: 'rack', include: ['lab/test/*.test.ts'], ...patiently } },
      { test: { name: 'long', include: ['{lab,edge-agent}/test/long/*.test.ts'], ...patiently } },
    ],
  },
})
