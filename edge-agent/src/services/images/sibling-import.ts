import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { type ImageManifest, imageChunkBytes, imageManifestSchema } from '@dragonfly/schema/wire'
import { fetchFromSibling } from '../siblings/sibling-http.ts'
import { type SiblingSource, SiblingsFailedError } from '../siblings/siblings.ts'
import { isChunkIntact, sha256Hex, storeChunk, storedChunkBytes, storeManifest } from './chunk-store.ts'
import { refuseTooLarge } from './import-error.ts'
import type { ImportedImage, ImportProgress } from './importer.ts'
import { keepPartialManifest } from './partial-manifests.ts'
import type { SpaceCheck } from './spool.ts'

const decompress = promisify(zstdDecompress)

/** A stored chunk is hardly ever larger than what is in it. */
const largestChunkBytes = imageChunkBytes + 64 * 1024
const largestManifestBytes = 64 * 1024 * 1024
const manifestWithinMs = 60_000
/** 70 kB a second: whoever is slower is no help. */
const chunkWithinMs = 60_000
const chunksInFlight = 4
const chunksPerSpaceCheck = 8
/** An image server that dies is started again within seconds. */
const defaultRetryMs = [500, 1000, 2000, 4000] as const

export interface SiblingImport {
  dir: string
  manifestDigest: string
  sources: readonly SiblingSource[]
  signal: AbortSignal
  space: SpaceCheck
  onProgress: (progress: ImportProgress) => void
  retryMs?: readonly number[]
}

/**
 * Brings an image here from other edges of the site that have it, chunk by chunk: each is taken for what it is only by its
 * digest, and the manifest by the one that the control plane names. Chunks that are here are not asked for.
 * @throws SiblingsFailedError; ImportError `cache-full`, `image-too-large`
 */
export async function importFromSiblings(options: SiblingImport): Promise<ImportedImage> {
  const { dir, manifestDigest, space } = options
  const ring = createRing(options)
  const manifest = await fetchManifest(options, ring)
  refuseTooLarge(manifest.sizeBytes)
  await space.beforeStart(manifest.sizeBytes)
  // Chunks that no manifest names are cleared away: this one names what is being fetched.
  await keepPartialManifest(dir, manifestDigest, manifest)
  await fetchChunks(options, ring, manifest)
  const stored = await storeManifest(dir, manifest)
  if (stored !== manifestDigest) throw new SiblingsFailedError(ring.all(), 'the manifest is of another kind')
  let storedBytes = 0
  for (const sha256 of new Set(manifest.chunks))
    if (sha256) storedBytes += (await storedChunkBytes(dir, sha256)) ?? 0
  return { manifestDigest, sizeBytes: manifest.sizeBytes, storedBytes }
}

async function fetchManifest(options: SiblingImport, ring: Ring): Promise<ImageManifest> {
  const { manifestDigest, signal } = options
  return ring.take(async ({ url }) => {
    const limits = { largestBytes: largestManifestBytes, withinMs: manifestWithinMs, signal }
    const bytes = await fetchFromSibling({ url: `${url}/manifests/${manifestDigest}`, ...limits })
    if (sha256Hex(bytes) !== manifestDigest) throw new LieError('another manifest')
    const manifest = imageManifestSchema.safeParse(JSON.parse(bytes.toString('utf8')))
    if (!manifest.success) throw new LieError('no manifest')
    return manifest.data
  })
}

async function fetchChunks(options: SiblingImport, ring: Ring, manifest: ImageManifest): Promise<void> {
  const { dir, signal, space, onProgress } = options
  const progress = { phase: 'downloading', bytesTotal: manifest.sizeBytes } as const
  const seen = new Set<string>()
  let bytesDone = 0
  let fetched = 0
  let next = 0
  const advance = (index: number): void => {
    bytesDone += Math.min(imageChunkBytes, manifest.sizeBytes - index * imageChunkBytes)
    onProgress({ ...progress, bytesDone, fromEdgeId: ring.last() })
  }
  const worker = async (): Promise<void> => {
    while (next < manifest.chunks.length) {
      signal.throwIfAborted()
      const index = next++
      const sha256 = manifest.chunks[index]
      if (sha256 && !seen.has(sha256)) {
        seen.add(sha256)
        if (!(await isChunkIntact(dir, sha256))) {
          if (fetched++ % chunksPerSpaceCheck === 0) await space.whileWriting()
          await storeChunk(dir, sha256, await fetchChunk(sha256, ring, signal))
        }
      }
      advance(index)
    }
  }
  const workers = Array.from({ length: chunksInFlight }, () =>
    worker().catch((error: unknown) => {
      // The others have nothing more to do.
      next = manifest.chunks.length
      throw error
    }),
  )
  const ends = await Promise.allSettled(workers)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** The raw bytes; they are compressed anew, so that only what this edge wrote is served on to machines. */
function fetchChunk(sha256: string, ring: Ring, signal: AbortSignal): Promise<Buffer> {
  return ring.take(async ({ url }) => {
    const limits = { largestBytes: largestChunkBytes, withinMs: chunkWithinMs, signal }
    const stored = await fetchFromSibling({ url: `${url}/chunks/${sha256}`, ...limits })
    const raw = await decompress(stored, { maxOutputLength: imageChunkBytes }).catch(() => null)
    if (raw === null || sha256Hex(raw) !== sha256) throw new LieError('other bytes')
    return raw
  })
}

/** What came is not what its name says: such an edge is asked for nothing more. */
class LieError extends Error {}

interface Ring {
  /** Asks one after the other, beginning with another one each time, some times over. @throws SiblingsFailedError */
  take<T>(ask: (source: SiblingSource) => Promise<T>): Promise<T>
  /** Who gave something last. */
  last(): string | undefined
  all(): string[]
}

function createRing({ sources, signal, retryMs = defaultRetryMs }: SiblingImport): Ring {
  const honest = new Set(sources)
  let turn = 0
  let last: string | undefined
  let reason = 'nobody has it'
  const all = () => sources.map(({ edgeId }) => edgeId)
  return {
    last: () => last,
    all,
    take: async (ask) => {
      for (const waitMs of [0, ...retryMs]) {
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
        const order = [...honest]
        const first = turn++
        for (let index = 0; index < order.length; index++) {
          const source = order[(first + index) % order.length]
          if (!source) continue
          signal.throwIfAborted()
          try {
            const answer = await ask(source)
            last = source.edgeId
            return answer
          } catch (error) {
            reason = error instanceof Error ? error.message : String(error)
            if (error instanceof LieError) honest.delete(source)
          }
        }
        if (honest.size === 0) break
      }
      throw new SiblingsFailedError(all(), reason)
    },
  }
}
