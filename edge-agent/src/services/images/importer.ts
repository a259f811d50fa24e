import { createHash, type Hash } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { type ImageManifest, imageChunkBytes, type WantedImage } from '@dragonfly/schema/wire'
import {
  prepareImageDirectory,
  removeChunk,
  removeManifest,
  sha256Hex,
  storeChunk,
  storedChunkBytes,
  storeManifest,
} from './chunk-store.ts'
import { openDownload } from './download.ts'
import { ImportError } from './import-error.ts'
import { explainNotAnImage } from './not-an-image.ts'

/** What an image cache leaves free on its disk. */
export const reserveBytes = 1024 * 1024 * 1024
/** Images compress to this part of their size at the very best: less room than that can't do. */
const bestCompression = 0.1
const chunksInFlight = 3
const chunksPerSpaceCheck = 8

export interface ImportOptions {
  dir: string
  image: Pick<WantedImage, 'url' | 'checksum' | 'manifestDigest'>
  signal: AbortSignal
  onProgress: (progress: { bytesDone: number; bytesTotal: number | null }) => void
  /** Also from the edge itself and from link-local addresses. */
  allowLocalSources?: boolean
  /** Free bytes of the disk that holds `dir`. */
  freeBytes?: (dir: string) => Promise<number>
}

export interface ImportedImage {
  manifestDigest: string
  sizeBytes: number
  storedBytes: number
}

/**
 * Streams an image into chunks, and makes it complete by writing its manifest last. Whatever fails, the chunks
 * that this import added are removed again.
 * @throws ImportError with a reason of the wire's `imageFailureReasons`
 */
export async function importImage(options: ImportOptions): Promise<ImportedImage> {
  await prepareImageDirectory(options.dir)
  const added = new Set<string>()
  try {
    return await importChunks(options, added)
  } catch (error) {
    for (const sha256 of added) await removeChunk(options.dir, sha256)
    throw toImportError(error)
  }
}

async function importChunks(options: ImportOptions, added: Set<string>): Promise<ImportedImage> {
  const { dir, image, signal } = options
  const download = await openDownload(image.url, signal, { allows: () => options.allowLocalSources ?? false })
  const space = createSpaceCheck(options)
  await space.beforeStart(download.sizeBytes)
  const rawHash = createHash('sha256')
  const fileHash = image.checksum.algorithm === 'sha512' ? createHash('sha512') : null
  const writer = createChunkWriter(dir, added)
  let sizeBytes = 0
  try {
    for await (const chunk of cutChunks(download.body)) {
      if (sizeBytes === 0) refuseOtherFormats(chunk)
      if (writer.count() % chunksPerSpaceCheck === 0) await space.whileWriting()
      rawHash.update(chunk)
      fileHash?.update(chunk)
      await writer.add(chunk)
      sizeBytes += chunk.length
      options.onProgress({ bytesDone: sizeBytes, bytesTotal: download.sizeBytes })
    }
  } finally {
    await writer.settle()
  }
  const chunks = writer.finish()
  if (sizeBytes === 0) throw new ImportError('not-an-image', 'The file is empty.')
  const rawSha256 = rawHash.digest('hex')
  checkChecksum(image.checksum, fileHash, rawSha256)
  const manifest: ImageManifest = { format: 1, sizeBytes, chunkBytes: imageChunkBytes, rawSha256, chunks }
  const manifestDigest = await storeManifest(dir, manifest)
  if (image.manifestDigest && image.manifestDigest !== manifestDigest) {
    await removeManifest(dir, manifestDigest)
    throw new ImportError('manifest-changed', 'The source holds another image than the one imported before.')
  }
  return { manifestDigest, sizeBytes, storedBytes: await storedBytesOf(dir, chunks) }
}

/** Stored size of an image; a chunk that occurs twice counts once. */
async function storedBytesOf(dir: string, chunks: readonly (string | null)[]): Promise<number> {
  let total = 0
  for (const sha256 of new Set(chunks)) if (sha256) total += (await storedChunkBytes(dir, sha256)) ?? 0
  return total
}

async function* cutChunks(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunk = Buffer.allocUnsafe(imageChunkBytes)
  let filled = 0
  for await (const part of body) {
    for (let offset = 0; offset < part.length; ) {
      const copied = part.copy(chunk, filled, offset)
      offset += copied
      filled += copied
      if (filled < imageChunkBytes) continue
      yield chunk
      chunk = Buffer.allocUnsafe(imageChunkBytes)
      filled = 0
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled)
}

function createChunkWriter(dir: string, added: Set<string>) {
  const zeros = Buffer.alloc(imageChunkBytes)
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
      if (raw.equals(zeros.subarray(0, raw.length))) return void chunks.push(null)
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

function refuseOtherFormats(first: Buffer): void {
  const message = explainNotAnImage(first)
  if (message) throw new ImportError('not-an-image', message)
}

function checkChecksum(checksum: WantedImage['checksum'], fileHash: Hash | null, rawSha256: string): void {
  const actual = fileHash?.digest('hex') ?? rawSha256
  if (actual === checksum.value) return
  throw new ImportError(
    'checksum-mismatch',
    `The file’s ${checksum.algorithm.toUpperCase()} is ${actual}, and ${checksum.value} was asked for.`,
  )
}

function createSpaceCheck({ dir, freeBytes = freeBytesOf }: ImportOptions) {
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

async function freeBytesOf(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir)
  return bavail * bsize
}

function cacheFull(): ImportError {
  return new ImportError(
    'cache-full',
    'The disk of the image cache is full (1 GiB is always kept free). Remove images that are not needed, or give the edge a larger disk.',
  )
}

function toImportError(error: unknown): ImportError {
  if (error instanceof ImportError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return cacheFull()
  return new ImportError('cache-full', `The image cache can’t be written: ${message}.`)
}
