import { join } from 'node:path'
import { writeWorkerAssets } from '../control-plane/src/platform/node/worker-assets.ts'
import { buildSite } from './build-site.ts'
import { root } from './steps.ts'

/**
 * What wrangler.toml deploys beside the Worker: the portal, built if need be; the boot bundle and the edge's package,
 * if there are any.
 */
export async function buildWorkerAssets() {
  await buildSite()
  return writeAssetsAsTheyAre()
}

/** The same of what has been built by now. */
export async function writeAssetsAsTheyAre() {
  return writeWorkerAssets({
    siteDir: join(root, 'site/dist'),
    bundleDir: process.env.DRAGONFLY_BUNDLE_DIR ?? join(root, 'build/bundle'),
    packagesDir: process.env.DRAGONFLY_EDGE_PACKAGES_DIR ?? join(root, 'build/packages'),
    outDir: join(root, 'build/worker/assets'),
  })
}
