import { statfs } from 'node:fs/promises'
import { type CachedImage, decideCacheLimit } from '../../protocol/image-cache.ts'
import { loadManifest, storedChunkBytes } from './chunk-store.ts'
import type { ReadyRecord } from './readiness.ts'

/** How large the cache in `dir` may grow, on the disk that it is on. */
export async function readCacheLimit(dir: string, setBytes: number | null): Promise<number> {
  const { blocks, bsize } = await statfs(dir)
  return decideCacheLimit(setBytes, blocks * bsize)
}

/** What complete images take on the disk, chunk by chunk. */
export async function readCachedImages(
  dir: string,
  records: readonly ReadyRecord[],
  inUse: ReadonlySet<string>,
): Promise<CachedImage[]> {
  const sizes = new Map<string, number>()
  const images: CachedImage[] = []
  for (const { imageId, manifestDigest, usedAt } of records) {
    const manifest = await loadManifest(dir, manifestDigest)
    const chunks = new Map<string, number>()
    for (const sha256 of manifest?.chunks ?? []) {
      if (sha256 === null || chunks.has(sha256)) continue
      const bytes = sizes.get(sha256) ?? (await storedChunkBytes(dir, sha256)) ?? 0
      sizes.set(sha256, bytes)
      chunks.set(sha256, bytes)
    }
    images.push({ imageId, chunks, lastUsedAt: usedAt, inUse: inUse.has(imageId) })
  }
  return images
}
