import type { BundleManifest } from '@dragonfly/schema/wire'
import type { BundleSource } from '../../ports/index.ts'
import { bundlePiecePath } from '../asset-index.ts'
import { assetRequest } from './assets.ts'

/** The boot bundle that was deployed with the Worker: pieces of 4 MiB, each an asset. */
export function createBoundBundle(
  binding: Pick<Fetcher, 'fetch'>,
  manifest: BundleManifest | null,
): BundleSource {
  const sizes = new Map(
    manifest?.files.flatMap(({ chunks }) => chunks.map(({ sha256, sizeBytes }) => [sha256, sizeBytes])),
  )
  return {
    manifest: async () => manifest,
    async status() {
      if (manifest) return { status: 'ready', version: manifest.version, message: null }
      const message =
        'Machines can’t netboot yet: this Worker was deployed without a boot bundle. Build one with `npm run bundle`, then deploy again.'
      return { status: 'missing', version: null, message }
    },
    async chunk(sha256) {
      const sizeBytes = sizes.get(sha256)
      if (sizeBytes === undefined) return null
      const response = await binding.fetch(assetRequest(bundlePiecePath(sha256)))
      if (!response.ok || !response.body) throw new Error(`piece ${sha256} answered ${response.status}`)
      return { body: response.body, sizeBytes }
    },
  }
}
