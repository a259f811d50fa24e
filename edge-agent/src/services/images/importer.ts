import { createHash } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { type ImageManifest, imageChunkBytes, type WantedImage } from '@dragonfly/schema/wire'
import { reserveBytes } from '../../protocol/image-cache.ts'
import { type SiblingSource, SiblingsFailedError } from '../siblings/siblings.ts'
import {
  prepareImageDirectory,
  removeChunk,
  removeManifest,
  sha256Hex,
  storeChunk,
  storedChunkBytes,
  storeManifest,
} from './chunk-store.ts'
import { type ImageSource, isAllZero, openImageSource } from './image-source.ts'
import { ImportError, refuseTooLarge } from './import-error.ts'
import { removePartialManifest } from './partial-manifests.ts'
import { importFromSiblings } from './sibling-import.ts'
import { removeSpool, type SpaceCheck, spoolPath, spoolSource } from './spool.ts'

/** Images compress to this part of their size at the very best: less room than that can't do. */
const bestCompression = 0.1
const chunksInFlight = 3
const chunksPerSpaceCheck = 8
/** The next attempt goes on with what was downloaded. */
const continuable: readonly ImportError['reason'][] = ['truncated', 'unreachable', 'http-error', 'cache-full']

export interface ImportOptions {
  dir: string
  image: Pick<WantedImage, 'url' | 'checksum' | 'manifestDigest'>
  signal: AbortSignal
  onProgress: (progress: ImportProgress) => void
  /** Edges of the site that have it: it is fetched from them, and from nowhere else. */
  siblings?: readonly SiblingSource[]
  /** For an image that the control plane holds. */
  authorization?: (() => Promise<string>) | undefined
  retryMs?: readonly number[]
  /** Also from the edge itself and from link-local addresses. */
  allowLocalSources?: boolean
  /** Free bytes of the disk that holds `dir`. */
  freeBytes?: (dir: string) => Promise<number>
}

export interface ImportProgress {
  /** The file as it is published, then the disk that is in it. */
  phase: 'downloading' | 'verifying'
  bytesDone: number
  bytesTotal: number | null
  /** The edge of the site that it comes from; left out where it comes from its source. */
  fromEdgeId?: string | undefined
}

export interface ImportedImage {
  manifestDigest: string
  sizeBytes: number
  storedBytes: number
}

/**
 * Brings an image here as it is published, checks it, cuts the raw disk that is in it into chunks, and makes it complete
 * by writing its manifest last. Whatever fails, the chunks that this import added are removed again; of a download that
 * broke off, the next attempt takes what is here.
 * @throws ImportError with a reason of the wire's `imageFailureReasons`; SiblingsFailedError
 */
export async function importImage(options: ImportOptions): Promise<ImportedImage> {
  await prepareImageDirectory(options.dir)
  const imported = options.siblings?.length
    ? await importFromEdges(options, options.siblings)
    : await importFromSource(options)
  if (options.image.manifestDigest) await removePartialManifest(options.dir, options.image.manifestDigest)
  return imported
}

async function importFromEdges(
  options: ImportOptions,
  sources: readonly SiblingSource[],
): Promise<ImportedImage> {
  const { dir, image, signal, onProgress, retryMs } = options
  const { manifestDigest } = image
  if (manifestDigest === null) throw new Error('an image without a digest has one source')
  try {
    return await importFromSiblings({
      ...{ dir, manifestDigest, sources, signal, onProgress },
      space: createSpaceCheck(options),
      ...(retryMs ? { retryMs } : {}),
    })
  } catch (error) {
    throw error instanceof SiblingsFailedError ? error : toImportError(error)
  }
}

async function importFromSource(options: ImportOptions): Promise<ImportedImage> {
  const added = new Set<string>()
  const spool = spoolPath(options.dir, options.image)
  try {
    const imported = await importChunks(options, added)
    await removeSpool(spool)
    return imported
  } catch (error) {
    for (const sha256 of added) await removeChunk(options.dir, sha256)
    const failure = toImportError(error)
    if (!continuable.includes(failure.reason)) await removeSpool(spool)
    throw failure
  }
}

async function importChunks(options: ImportOptions, added: Set<string>): Promise<ImportedImage> {
  const { dir, image } = options
  const space = createSpaceCheck(options)
  const { path } = await spoolSource({
    dir,
    image,
    download: {
      signal: options.signal,
      allows: () => options.allowLocalSources ?? false,
      authorization: options.authorization,
    },
    onProgress: (bytesDone, bytesTotal) =>
      options.onProgress({ phase: 'downloading', bytesDone, bytesTotal }),
    space,
    ...(options.retryMs ? { retryMs: options.retryMs } : {}),
  })
  const source = await openImageSource({ path, checkSpace: space.whileWriting })
  try {
    const manifest = await storeChunks(options, source, { space, added })
    const manifestDigest = await storeManifest(dir, manifest)
    if (image.manifestDigest && image.manifestDigest !== manifestDigest) {
      await removeManifest(dir, manifestDigest)
      throw new ImportError(
        'manifest-changed',
        'The source holds another image than the one imported before.',
      )
    }
    const { sizeBytes, chunks } = manifest
    return { manifestDigest, sizeBytes, storedBytes: await storedBytesOf(dir, chunks) }
  } finally {
    await source.close()
  }
}

async function storeChunks(
  options: ImportOptions,
  source: ImageSource,
  { space, added }: { space: SpaceCheck; added: Set<string> },
): Promise<ImageManifest> {
  const rawHash = createHash('sha256')
  const writer = createChunkWriter(options.dir, added)
  let sizeBytes = 0
  try {
    for await (const chunk of source.chunks()) {
      if (writer.count() % chunksPerSpaceCheck === 0) await space.whileWriting()
      rawHash.update(chunk)
      await writer.add(chunk)
      sizeBytes += chunk.length
      refuseTooLarge(sizeBytes)
      options.onProgress({ phase: 'verifying', bytesDone: sizeBytes, bytesTotal: source.sizeBytes })
    }
  } finally {
    await writer.settle()
  }
  const chunks = writer.finish()
  if (sizeBytes === 0) throw new ImportError('not-an-image', 'The file is empty.')
  return { format: 1, sizeBytes, chunkBytes: imageChunkBytes, rawSha256: rawHash.digest('hex'), chunks }
}

/** Stored size of an image; a chunk that occurs twice counts once. */
async function storedBytesOf(dir: string, chunks: readonly (string | null)[]): Promise<number> {
  let total = 0
  for (const sha256 of new Set(chunks)) if (sha256) total += (await storedChunkBytes(dir, sha256)) ?? 0
  return total
}

function createChunkWriter(dir: string, added: Set<string>) {
  const chunks: (string | null)[] = []
  const running = new Set<Promise<void>>()
  const seen = new Set<string>()
  let failure: unknown = null

  const store = async (sha256: string, raw: Buffer): Promise<void> => {
    if ((await storedChunkBytes(dir, sha256)) !== null) return
    added.add(sha256)
    await storeChunk(dir, sha256, raw)
  }
  return {
    count: () => chunks.length,
    add: async (raw: Buffer): Promise<void> => {
      if (failure) throw failure
      if (isAllZero(raw)) return void chunks.push(null)
      const sha256 = sha256Hex(raw)
      chunks.push(sha256)
      if (seen.has(sha256)) return
      seen.add(sha256)
      const work = store(sha256, raw)
        .catch((error) => {
          failure ??= error
        })
        .finally(() => running.delete(work))
      running.add(work)
      if (running.size >= chunksInFlight) await Promise.race(running)
    },
    /** Waits for what is being written, so that a failed import can be cleared away whole. */
    settle: () => Promise.all(running),
    finish: (): (string | null)[] => {
      if (failure) throw failure
      return chunks
    },
  }
}

function createSpaceCheck({ dir, freeBytes = freeBytesOf }: ImportOptions): SpaceCheck {
  return {
    beforeStart: async (sizeBytes: number | null): Promise<void> => {
      const free = (await freeBytes(dir)) - reserveBytes
      if (free <= (sizeBytes ?? 0) * bestCompression) throw cacheFull()
    },
    whileWriting: async (): Promise<void> => {
      if ((await freeBytes(dir)) < reserveBytes) throw cacheFull()
    },
  }
}

/** Free bytes of the disk that holds `dir`. */
export async function freeBytesOf(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir)
  return bavail * bsize
}

function cacheFull(): ImportError {
  return new ImportError('cache-full', 'The disk of the image cache is full (1 GiB is always kept free).')
}

function toImportError(error: unknown): ImportError {
  if (error instanceof ImportError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return cacheFull()
  return new ImportError('cache-full', `The image cache can’t be written: ${message}.`)
}
