import { join } from 'node:path'

/**
 * Images on disk: `chunks/<ab>/<sha256>` (zstd) and `manifests/<digest>.json`. Apart from what reads and checks them: the
 * image server needs to know no more than where they are.
 */

export const chunkPath = (dir: string, sha256: string): string =>
  join(dir, 'chunks', sha256.slice(0, 2), sha256)
export const manifestPath = (dir: string, digest: string): string => join(dir, 'manifests', `${digest}.json`)
