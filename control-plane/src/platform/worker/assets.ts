import type { Assets } from '../../ports/index.ts'
import type { AssetIndex } from '../asset-index.ts'

/**
 * The portal's files from the platform. Only what the index names is asked for, so that neither the boot bundle nor
 * the index itself can be read from outside, and a name that is not there costs no request.
 */
export function createBoundAssets(binding: Pick<Fetcher, 'fetch'>, index: AssetIndex): Assets {
  return {
    async read(path) {
      const known = Object.hasOwn(index.files, path) ? index.files[path] : undefined
      if (!known) return null
      const response = await binding.fetch(assetRequest(path))
      if (!response.ok) throw new Error(`the asset ${path} answered ${response.status}`)
      return {
        body: new Uint8Array(await response.arrayBuffer()),
        contentType: known.contentType,
        scriptHashes: known.scriptHashes,
      }
    },
  }
}

/** The host is of no meaning to the binding. */
export function assetRequest(path: string): string {
  return `https://assets.invalid${path.split('/').map(encodeURIComponent).join('/')}`
}
