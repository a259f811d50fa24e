import type { ImageManifest } from '@dragonfly/schema/wire'

export interface DataPiece {
  kind: 'data'
  offset: number
  length: number
  sha256: string
}
export interface ZeroPiece {
  kind: 'zero'
  offset: number
  length: number
}
export type WritePiece = DataPiece | ZeroPiece
type ManifestShape = Pick<ImageManifest, 'sizeBytes' | 'chunkBytes' | 'chunks'>

/** Zero ranges are cut so that an abort never waits for long, and progress keeps moving. */
const maxZeroBytes = 256 * 1024 * 1024

/** Old metadata lives at the end of a disk: backup GPT, md 0.90 and 1.0, ddf, some filesystems. */
const wipeBytes = 1024 * 1024

/** What chunk `index` of an image is made of. */
export function pieceOf(manifest: ManifestShape, index: number): WritePiece {
  const offset = index * manifest.chunkBytes
  const length = Math.min(manifest.chunkBytes, manifest.sizeBytes - offset)
  const sha256 = manifest.chunks[index]
  return sha256 ? { kind: 'data', offset, length, sha256 } : { kind: 'zero', offset, length }
}

/**
 * The pieces of an image from its second chunk on, in order, neighbouring zero chunks joined. The first chunk
 * is written last: until the rest is safely there, the disk has no partition table that could be booted.
 */
export function* planPieces(manifest: ManifestShape): Generator<WritePiece> {
  let zeros: ZeroPiece | null = null
  for (let index = 1; index < manifest.chunks.length; index++) {
    const piece = pieceOf(manifest, index)
    if (piece.kind === 'zero' && zeros && zeros.length + piece.length <= maxZeroBytes) {
      zeros.length += piece.length
      continue
    }
    if (zeros) yield zeros
    zeros = piece.kind === 'zero' ? { ...piece } : null
    if (piece.kind === 'data') yield piece
  }
  if (zeros) yield zeros
}

/**
 * What is emptied before anything is written, so that nothing of the disk's former life can come alive: the
 * start, and the very end where it lies behind the image.
 */
export function planWipe(manifest: ManifestShape, targetBytes: number): ZeroPiece[] {
  const wipe: ZeroPiece[] = [{ kind: 'zero', offset: 0, length: Math.min(manifest.chunkBytes, targetBytes) }]
  const imageEnd = Math.ceil(manifest.sizeBytes / 4096) * 4096
  const offset = Math.max(imageEnd, manifest.chunkBytes, targetBytes - wipeBytes)
  if (offset < targetBytes) wipe.push({ kind: 'zero', offset, length: targetBytes - offset })
  return wipe
}

/** Chunks to read back: the first and the last, and others evenly spread; `count` of data and a few of zeros. */
export function chooseSamples(manifest: ManifestShape, count = 16): number[] {
  const data: number[] = []
  const zeros: number[] = []
  for (let index = 0; index < manifest.chunks.length; index++) {
    ;(manifest.chunks[index] ? data : zeros).push(index)
  }
  return [...spread(data, count), ...spread(zeros, 4)].toSorted((a, b) => a - b)
}

function spread(items: readonly number[], count: number): number[] {
  if (items.length <= count) return [...items]
  const picked = new Set<number>()
  for (let step = 0; step < count; step++) {
    const item = items[Math.round((step * (items.length - 1)) / (count - 1))]
    if (item !== undefined) picked.add(item)
  }
  return [...picked]
}

/** Why a manifest can't be written from, or null. */
export function findManifestFault(manifest: ManifestShape, sizeBytes: number): string | null {
  if (manifest.sizeBytes !== sizeBytes) {
    return `it is for ${manifest.sizeBytes} bytes, and the order for ${sizeBytes}`
  }
  const wanted = Math.ceil(sizeBytes / manifest.chunkBytes)
  if (manifest.chunks.length !== wanted) return `it has ${manifest.chunks.length} chunks instead of ${wanted}`
  return wanted === 0 ? 'the image is empty' : null
}
