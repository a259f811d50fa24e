import type { SiteEvent, WantedImage } from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'
import { createSerialQueue } from '../serial-queue.ts'
import { forgetImage, type ImageRecord, loadImages, storeImage } from '../store/images.ts'
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
import { removeOtherSpools } from './spool.ts'

export interface ImageLibraryOptions {
  database: Database
  dir: string
  now: () => number
  append: (event: SiteEvent) => Promise<void>
  warn: (message: string) => void
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

/** The images that this edge is to hold: imports them one after the other, and removes what nobody wants. */
export interface ImageLibrary {
  want(images: readonly WantedImage[]): void
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
      .catch((error) => options.warn(`Images: ${String(error)}`))
  }
  return {
    want: (images) => {
      const text = JSON.stringify(images)
      if (text === lastWanted) return
      lastWanted = text
      const { wanted } = shelf
      wanted.clear()
      for (const image of images) wanted.set(image.imageId, image)
      if (shelf.current && !wanted.has(shelf.current.progress.imageId)) shelf.current.abort.abort()
      for (const imageId of wanted.keys()) enqueue(() => bringIn(shelf, imageId))
      enqueue(() => removeUnwanted(shelf))
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
  current: { progress: ImageProgress; abort: AbortController } | null
  stopped: boolean
}

async function openShelf(options: ImageLibraryOptions): Promise<Shelf> {
  const kept = await loadImages(options.database)
  const records = new Map(kept.map((record) => [record.imageId, record]))
  return { options, records, wanted: new Map(), current: null, stopped: false }
}

async function store({ options, records }: Shelf, record: ImageRecord): Promise<void> {
  await storeImage(options.database, record, options.now())
  records.set(record.imageId, record)
}

async function storeReady(shelf: Shelf, record: ReadyRecord): Promise<void> {
  await store(shelf, record)
  const { imageId, manifestDigest, sizeBytes, storedBytes } = record
  await shelf.options.append({ type: 'image.ready', imageId, manifestDigest, sizeBytes, storedBytes })
}

async function storeFailed(shelf: Shelf, image: WantedImage, error: ImportError): Promise<void> {
  const { imageId, attempt } = image
  await store(shelf, { imageId, attempt, status: 'failed', ...nothingImported })
  const message = error.message.slice(0, 2000)
  await shelf.options.append({ type: 'image.failed', imageId, attempt, reason: error.reason, message })
}

/** Imports an image unless it is here, or failed at this attempt. */
async function bringIn(shelf: Shelf, imageId: string): Promise<void> {
  const image = shelf.wanted.get(imageId)
  const record = shelf.records.get(imageId)
  if (!image || hasFailed(record, image)) return
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
    const imported = await shelf.options.runImport({
      dir: shelf.options.dir,
      image,
      signal: abort.signal,
      onProgress: ({ phase, bytesDone, bytesTotal }) => {
        current.progress = { imageId, phase, bytesDone, bytesTotal }
      },
    })
    await storeReady(shelf, { imageId, attempt, status: 'ready', ...pickImported(imported) })
  } catch (error) {
    const failure = error instanceof ImportError ? error : new ImportError('unreachable', String(error))
    if (!abort.signal.aborted) await storeFailed(shelf, image, failure)
  } finally {
    shelf.current = null
  }
}

async function removeUnwanted({ options, records, wanted }: Shelf): Promise<void> {
  for (const imageId of records.keys()) {
    if (wanted.has(imageId)) continue
    records.delete(imageId)
    await forgetImage(options.database, imageId)
  }
  await removeOtherSpools(options.dir, [...wanted.values()])
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

const nothingImported = { manifestDigest: null, sizeBytes: 0, storedBytes: 0 }
const damagedCopy = 'This edge’s copy of the image is damaged on its disk. Import it again.'

function pickImported({ manifestDigest, sizeBytes, storedBytes }: ImportedImage) {
  return { manifestDigest, sizeBytes, storedBytes }
}
