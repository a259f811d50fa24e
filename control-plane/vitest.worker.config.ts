import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** Tests of the control plane that cannot run in workerd, and why. */
const onNodeOnly = [
  'src/platform/**', // Node's own platform: files, sockets, processes
  'src/ports/contracts.test.ts', // starts both platforms itself, from Node
  'src/features/oidc/oidc.test.ts', // its OpenID provider is a server of Node's
  'src/features/ssh-keys/ssh-keys.test.ts', // so is the server that keys are fetched from
  'src/features/edges/update.test.ts', // packages of the edge are files there; as assets: platform/worker/assets.test.ts
]

/** The API's tests once more, inside workerd: database, secrets, passwords and addresses as on Workers. */
export default defineConfig({
  plugins: [
    cloudflareTest({
      miniflare: {
        compatibilityDate: '2026-10-15',
        compatibilityFlags: ['nodejs_compat'],
        r2Buckets: ['FILES'],
      },
    }),
  ],
  resolve: { alias: [{ find: /^(.*\/)node-test-deps\.ts$/, replacement: '$1worker-test-deps.ts' }] },
  test: {
    name: 'worker',
    globalSetup: ['src/testing/worker-setup.ts'],
    include: ['src/**/*.test.ts'],
    exclude: onNodeOnly,
    // Every statement is a request here.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // The tests keep nothing in modules, and loading the whole control plane for each file takes longer than its tests.
    isolate: false,
  },
})
