import type { EdgeRelease } from '@dragonfly/schema/wire'
import type { EdgeReleaseSource } from '../../ports/index.ts'
import { releasePiecePath } from '../asset-index.ts'
import { assetRequest } from './assets.ts'

/** The package of dragonfly-edge that was deployed with the Worker: pieces of 4 MiB, each an asset. */
export function createBoundEdgeRelease(
  binding: Pick<Fetcher, 'fetch'>,
  release: EdgeRelease | null,
): EdgeReleaseSource {
  const known = new Set(release?.chunks.map(({ sha256 }) => sha256))
  return {
    current: async () => release,
    async chunk(sha256) {
      if (!known.has(sha256)) return null
      const response = await binding.fetch(assetRequest(releasePiecePath(sha256)))
      if (!response.ok) throw new Error(`piece ${sha256} of the package answered ${response.status}`)
      return new Uint8Array(await response.arrayBuffer())
    },
  }
}
