import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** Virtual machines: one file at a time, and nothing is hurried. */
const patiently = {
  testTimeout: 900_000,
  hookTimeout: 900_000,
  fileParallelism: false,
  sequence: { concurrent: false },
}

/** Tests of the control plane that cannot run in workerd. */
const onNodeOnly = [
  'control-plane/src/platform/**', // Node's own platform: files, sockets, processes
  'control-plane/src/features/oidc/oidc.test.ts', // its OpenID provider is a server of Node's
  'control-plane/src/features/ssh-keys/ssh-keys.test.ts', // so is the server that keys are fetched from
]

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
        plugins: [
          cloudflareTest({
            miniflare: { compatibilityDate: '2026-10-15', compatibilityFlags: ['nodejs_compat'] },
          }),
        ],
        // The same tests and harness, on the other platform.
        resolve: { alias: [{ find: /^(.*\/)node-test-deps\.ts$/, replacement: '$1worker-test-deps.ts' }] },
        test: {
          name: 'worker',
          globalSetup: ['control-plane/src/testing/worker-setup.ts'],
          include: ['control-plane/src/**/*.test.ts'],
          exclude: onNodeOnly,
          isolate: false,
        },
      },
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
      { test: { name: 'long', include: ['lab/test/long/*.test.ts'], ...patiently } },
    ],
  },
})
