import type { Log } from '@dragonfly/schema/log'
import type { SiteEvent, WantedImage } from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'
import { decideEvictions } from '../../protocol/image-cache.ts'
import { createSerialQueue } from '../serial-queue.ts'
import { forgetImage, type ImageRecord, loadImages, storeImage } from '../store/images.ts'
import { readCachedImages, readCacheLimit } from './cache-contents.ts'
import {
  collectGarbage,
  isChunkIntact,
  loadManifest,
  prepareImageDirectory,
  quarantineChunk,
  removeManifest,
} from './chunk-store.ts'
import { ImportError } from './import-error.ts'
import type { ImportedImage, ImportOptions } from './importer.ts'
import { decideReadiness, hasFailed, isReady, type ReadyRecord } from './readiness.ts'
import { removeOtherSpools, removeSpool, spoolPath } from './spool.ts'

export interface ImageLibraryOptions {
  database: Database
  dir: string
  now: () => number
  append: (event: SiteEvent) => Promise<void>
  warn: Log['warn']
  /** An image became ready, or failed for good. */
  onChange: () => void
  runImport: (options: Omit<ImportOptions, 'image'> & { image: WantedImage }) => Promise<ImportedImage>
}

export interface ImageProgress {
  imageId: string
  phase: 'downloading' | 'verifying'
  bytesDone: number
  bytesTotal: number | null
}

/** What the cache is to be kept for, and how large it may grow. */
export interface CacheWishes {
  /** Images that deployments of the site write, or are about to. */
  inUse: ReadonlySet<string>
  /** Null: by the size of the disk. */
  maxBytes: number | null
}

/** The images that this edge is to hold: imports them one after the other, removes what nobody wants, and makes room. */
export interface ImageLibrary {
  want(images: readonly WantedImage[], wishes?: CacheWishes): void
  readiness(manifestDigest: string): 'ready' | 'pending' | 'missing'
  progress(): ImageProgress[]
  records(): ImageRecord[]
  /** A reader got bytes that are not this chunk: looks at the one on disk. */
  suspectChunk(sha256: string): void
  /** Resolves when there is nothing left to do. */
  settled(): Promise<void>
  stop(): Promise<void>
}

export async function openImageLibrary(options: ImageLibraryOptions): Promise<ImageLibrary> {
  await prepareImageDirectory(options.dir)
  const shelf = await openShelf(options)
  const queue = createSerialQueue()
  /** Most new states of a site concern its machines: the same images again are no work. */
  let lastWanted = ''
  const enqueue = (work: () => Promise<void>): void => {
    queue
      .add(async () => (shelf.stopped ? undefined : work()))
      .catch((error) => options.warn('Images could not be looked after.', { error }))
  }
  return {
    want: (images, wishes = noWishes) => {
      const text = JSON.stringify([images, [...wishes.inUse].sort(), wishes.maxBytes])
      if (text === lastWanted) return
      lastWanted = text
      const { wanted } = shelf
      const used = new Set([...shelf.wishes.inUse, ...wishes.inUse])
      shelf.wishes = wishes
      wanted.clear()
      for (const image of images) wanted.set(image.imageId, image)
      if (shelf.current && !wanted.has(shelf.current.progress.imageId)) shelf.current.abort.abort()
      enqueue(() => noteUse(shelf, used))
      for (const imageId of wishes.inUse) enqueue(() => bringIn(shelf, imageId))
      for (const imageId of wanted.keys())
        if (!wishes.inUse.has(imageId)) enqueue(() => bringIn(shelf, imageId))
      enqueue(() => removeUnwanted(shelf))
      enqueue(() => shrink(shelf))
    },
    readiness: (manifestDigest) => decideReadiness(manifestDigest, shelf.records, shelf.wanted),
    progress: () => (shelf.current ? [shelf.current.progress] : []),
    records: () => [...shelf.records.values()],
    suspectChunk: (sha256) => enqueue(() => examine(shelf, sha256)),
    settled: queue.settled,
    stop: async () => {
      shelf.stopped = true
      shelf.current?.abort.abort()
      await queue.settled()
    },
  }
}

/** What is here, what is wanted, and the import that runs. */
interface Shelf {
  options: ImageLibraryOptions
  records: Map<string, ImageRecord>
  wanted: Map<string, WantedImage>
  wishes: CacheWishes
  current: { progress: ImageProgress; abort: AbortController } | null
  stopped: boolean
}

async function openShelf(options: ImageLibraryOptions): Promise<Shelf> {
  const kept = await loadImages(options.database)
  const records = new Map(kept.map((record) => [record.imageId, record]))
  return { options, records, wanted: new Map(), wishes: noWishes, current: null, stopped: false }
}

async function store({ options, records }: Shelf, record: ImageRecord): Promise<void> {
  await storeImage(options.database, record)
  records.set(record.imageId, record)
}

async function storeReady(shelf: Shelf, record: ReadyRecord): Promise<void> {
  await store(shelf, record)
  const { imageId, manifestDigest, sizeBytes, storedBytes } = record
  await shelf.options.append({ type: 'image.ready', imageId, manifestDigest, sizeBytes, storedBytes })
}

async function storeFailed(shelf: Shelf, image: WantedImage, error: ImportError): Promise<void> {
  const { imageId, attempt } = image
  const usedAt = shelf.options.now()
  await store(shelf, { imageId, attempt, status: 'failed', ...nothingImported, usedAt })
  const message = error.message.slice(0, 2000)
  await shelf.options.append({ type: 'image.failed', imageId, attempt, reason: error.reason, message })
}

/** Imports an image unless it is here, failed at this attempt, or made room and is in no use. */
async function bringIn(shelf: Shelf, imageId: string): Promise<void> {
  const { wishes, wanted, records } = shelf
  // What a deployment waits for is not kept waiting by what nobody needs yet.
  for (const used of wishes.inUse)
    if (!wishes.inUse.has(imageId) && !isReady(records.get(used))) await bringIn(shelf, used)
  const image = wanted.get(imageId)
  const record = records.get(imageId)
  if (shelf.stopped || !image || hasFailed(record, image)) return
  if (record?.status === 'evicted' && !wishes.inUse.has(imageId))
    return tellEvictedAgain(shelf, image, record)
  if (isReady(record) && (await loadManifest(shelf.options.dir, record.manifestDigest))) {
    // A control plane that names no manifest has forgotten that it was told (a restored backup).
    if (record.attempt >= image.attempt && image.manifestDigest !== null) return
    await storeReady(shelf, { ...record, attempt: image.attempt })
  } else await importOne(shelf, image)
  shelf.options.onChange()
}

async function importOne(shelf: Shelf, image: WantedImage): Promise<void> {
  const { imageId, attempt } = image
  const abort = new AbortController()
  const current = {
    progress: { imageId, phase: 'downloading', bytesDone: 0, bytesTotal: null } as ImageProgress,
    abort,
  }
  shelf.current = current
  try {
    const imported = await importWithRoom(shelf, {
      dir: shelf.options.dir,
      image,
      signal: abort.signal,
      onProgress: ({ phase, bytesDone, bytesTotal }) => {
        current.progress = { imageId, phase, bytesDone, bytesTotal }
      },
    })
    const usedAt = shelf.options.now()
    await storeReady(shelf, { imageId, attempt, status: 'ready', ...pickImported(imported), usedAt })
    await shrink(shelf)
  } catch (error) {
    const failure = error instanceof ImportError ? error : new ImportError('unreachable', String(error))
    if (!abort.signal.aborted) await storeFailed(shelf, image, failure)
  } finally {
    shelf.current = null
  }
}

type ImportJob = Parameters<ImageLibraryOptions['runImport']>[0]

/** Where the disk is full, what is in no use makes room, one image after the other; the download goes on where it was. */
async function importWithRoom(shelf: Shelf, job: ImportJob): Promise<ImportedImage> {
  const { dir, runImport } = shelf.options
  const known = shelf.records.get(job.image.imageId)?.storedBytes ?? 0
  await shrink(shelf, (await readCacheLimit(dir, shelf.wishes.maxBytes)) - known)
  for (;;) {
    try {
      return await runImport(job)
    } catch (error) {
      const isFull = error instanceof ImportError && error.reason === 'cache-full'
      if (!isFull || job.signal.aborted) throw error
      if (await evictOne(shelf)) continue
      await removeSpool(spoolPath(dir, job.image.checksum))
      throw error
    }
  }
}

/** Drops images until the cache is as small as it has to be. */
async function shrink(shelf: Shelf, atMostBytes?: number): Promise<void> {
  const { dir } = shelf.options
  const limitBytes = atMostBytes ?? (await readCacheLimit(dir, shelf.wishes.maxBytes))
  const ready = [...shelf.records.values()].filter(isReady)
  // Counts what images share more than once: when that fits, all does.
  if (ready.reduce((total, { storedBytes }) => total + storedBytes, 0) <= limitBytes) return
  await evict(shelf, decideEvictions(await readCachedImages(dir, ready, shelf.wishes.inUse), limitBytes))
}

/** Drops the image that was not used for longest; false where all that are here are in use. */
async function evictOne(shelf: Shelf): Promise<boolean> {
  const ready = [...shelf.records.values()].filter(isReady)
  const images = await readCachedImages(shelf.options.dir, ready, shelf.wishes.inUse)
  const [oldest] = decideEvictions(images, 0)
  if (oldest !== undefined) await evict(shelf, [oldest])
  return oldest !== undefined
}

async function evict(shelf: Shelf, imageIds: readonly string[]): Promise<void> {
  if (imageIds.length === 0) return
  for (const imageId of imageIds) {
    const record = shelf.records.get(imageId)
    // First the record: chunks without one are garbage, a record without chunks would be a lie.
    if (record) await store(shelf, { ...record, status: 'evicted' })
    await shelf.options.append({ type: 'image.evicted', imageId })
  }
  await removeChunks(shelf)
}

/** A control plane that names no manifest has forgotten both that the image was here and that it made room. */
async function tellEvictedAgain({ options }: Shelf, image: WantedImage, record: ImageRecord): Promise<void> {
  const { imageId, manifestDigest, sizeBytes, storedBytes } = record
  if (image.manifestDigest !== null || manifestDigest === null) return
  await options.append({ type: 'image.ready', imageId, manifestDigest, sizeBytes, storedBytes })
  await options.append({ type: 'image.evicted', imageId })
}

async function noteUse(shelf: Shelf, imageIds: ReadonlySet<string>): Promise<void> {
  for (const record of [...shelf.records.values()].filter(isReady))
    if (imageIds.has(record.imageId)) await store(shelf, { ...record, usedAt: shelf.options.now() })
}

async function removeUnwanted(shelf: Shelf): Promise<void> {
  const { options, records, wanted } = shelf
  for (const imageId of records.keys()) {
    if (wanted.has(imageId)) continue
    records.delete(imageId)
    await forgetImage(options.database, imageId)
  }
  await removeOtherSpools(options.dir, [...wanted.values()])
  await removeChunks(shelf)
}

/** Removes what no image that is here needs. */
async function removeChunks({ options, records }: Shelf): Promise<void> {
  const kept = [...records.values()].filter(isReady).map((record) => record.manifestDigest)
  await collectGarbage(options.dir, new Set(kept))
}

/** A chunk that is damaged on disk takes every image that needs it with it. */
async function examine(shelf: Shelf, sha256: string): Promise<void> {
  const { dir, onChange } = shelf.options
  if (await isChunkIntact(dir, sha256)) return
  await quarantineChunk(dir, sha256)
  for (const record of [...shelf.records.values()].filter(isReady)) {
    const manifest = await loadManifest(dir, record.manifestDigest)
    if (manifest && !manifest.chunks.includes(sha256)) continue
    await removeManifest(dir, record.manifestDigest)
    const image = shelf.wanted.get(record.imageId)
    if (image) await storeFailed(shelf, image, new ImportError('checksum-mismatch', damagedCopy))
  }
  onChange()
}

const noWishes: CacheWishes = { inUse: new Set(), maxBytes: null }
const nothingImported = { manifestDigest: null, sizeBytes: 0, storedBytes: 0 }
const damagedCopy = 'This edge’s copy of the image is damaged on its disk. Import it again.'

function pickImported({ manifestDigest, sizeBytes, storedBytes }: ImportedImage) {
  return { manifestDigest, sizeBytes, storedBytes }
}
