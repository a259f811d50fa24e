import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
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
      {
        test: {
          name: 'rack',
          include: ['lab/test/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
          sequence: { concurrent: false },
        },
      },
    ],
  },
})
