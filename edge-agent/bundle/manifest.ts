import { createHash } from 'node:crypto'
import {
  type BundleFile,
  type BundleManifest,
  bundleChunkBytes,
  bundleFileNames,
  bundleManifestSchema,
} from '@dragonfly/schema/wire'
import { BundleBuildError } from './host.ts'

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * Describes one file in fixed pieces of 4 MiB, the last one shorter. An empty file has no chunks.
 * @throws BundleBuildError for a name that is no boot bundle file
 */
export function describeFile(name: string, data: Uint8Array): BundleFile {
  const known = bundleFileNames.find((candidate) => candidate === name)
  if (known === undefined) throw new BundleBuildError(`${name} is not a file of the boot bundle.`)
  const chunks: BundleFile['chunks'] = []
  for (let offset = 0; offset < data.length; offset += bundleChunkBytes) {
    const piece = data.subarray(offset, offset + bundleChunkBytes)
    chunks.push({ sha256: sha256(piece), sizeBytes: piece.length })
  }
  return { name: known, sizeBytes: data.length, sha256: sha256(data), chunks }
}

/** The same files give the same version, whatever their order and whenever they were built. */
export function createManifest(files: readonly BundleFile[], createdAt: number): BundleManifest {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1))
  const version = sha256(sorted.map((file) => `${file.sha256}  ${file.name}\n`).join('')).slice(0, 12)
  return bundleManifestSchema.parse({ format: 1, version, createdAt, files: sorted })
}
