import { createHash } from 'node:crypto'

export const CHUNK_BYTES = 4 * 1024 * 1024

export type BundleChunk = { sha256: string; sizeBytes: number }
export type BundleFile = { name: string; sizeBytes: number; sha256: string; chunks: BundleChunk[] }
export type BundleManifest = { format: 1; version: string; createdAt: string; files: BundleFile[] }

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Describes one file in fixed pieces of 4 MiB, the last one shorter. An empty file has no chunks. */
export function describeFile(name: string, data: Uint8Array): BundleFile {
  const chunks: BundleChunk[] = []
  for (let offset = 0; offset < data.length; offset += CHUNK_BYTES) {
    const piece = data.subarray(offset, offset + CHUNK_BYTES)
    chunks.push({ sha256: sha256(piece), sizeBytes: piece.length })
  }
  return { name, sizeBytes: data.length, sha256: sha256(data), chunks }
}

/** The same files give the same version, whatever their order and whenever they were built. */
export function createManifest(files: readonly BundleFile[], createdAt: string): BundleManifest {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1))
  const version = sha256(sorted.map((file) => `${file.sha256}  ${file.name}\n`).join('')).slice(0, 12)
  return { format: 1, version, createdAt, files: sorted }
}
