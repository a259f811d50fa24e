import type { SiteEvent, WantedImage } from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'
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
  const { database, dir, now, append } = options
  await prepareImageDirectory(dir)
  const records = new Map<string, ImageRecord>()
  for (const record of await loadImages(database)) records.set(record.imageId, record)
  let wanted = new Map<string, WantedImage>()
  /** Most new states of a site concern its machines: the same images again are no work. */
  let lastWanted = ''
  let current: { progress: ImageProgress; abort: AbortController } | null = null
  let queue: Promise<void> = Promise.resolve()
  let stopped = false
  const enqueue = (work: () => Promise<void>): void => {
    queue = queue
      .then(() => (stopped ? undefined : work()))
      .catch((error) => options.warn(`Images: ${String(error)}`))
  }
  const isReady = (record: ImageRecord | undefined): record is ImageRecord & { manifestDigest: string } =>
    record?.status === 'ready' && record.manifestDigest !== null

  const store = async (record: ImageRecord): Promise<void> => {
    await storeImage(database, record, now())
    records.set(record.imageId, record)
  }
  const tellReady = (record: ImageRecord & { manifestDigest: string }): Promise<void> => {
    const { imageId, manifestDigest, sizeBytes, storedBytes } = record
    return append({ type: 'image.ready', imageId, manifestDigest, sizeBytes, storedBytes })
  }
  const fail = async (image: WantedImage, error: ImportError): Promise<void> => {
    const { imageId, attempt } = image
    await store({ imageId, attempt, status: 'failed', manifestDigest: null, sizeBytes: 0, storedBytes: 0 })
    const message = error.message.slice(0, 2000)
    await append({ type: 'image.failed', imageId, attempt, reason: error.reason, message })
  }
  const importOne = async (image: WantedImage): Promise<void> => {
    const abort = new AbortController()
    const { imageId } = image
    current = { progress: { imageId, phase: 'downloading', bytesDone: 0, bytesTotal: null }, abort }
    try {
      const imported = await options.runImport({
        dir,
        image,
        signal: abort.signal,
        onProgress: ({ bytesDone, bytesTotal }) => {
          const phase = bytesDone === bytesTotal ? 'verifying' : 'downloading'
          if (current) current.progress = { imageId, phase, bytesDone, bytesTotal }
        },
      })
      const record = { imageId, attempt: image.attempt, status: 'ready' as const, ...pickImported(imported) }
      await store(record)
      await tellReady(record)
    } catch (error) {
      if (!abort.signal.aborted)
        await fail(
          image,
          error instanceof ImportError ? error : new ImportError('unreachable', String(error)),
        )
    } finally {
      current = null
    }
  }
  /** Imports an image unless it is here, or failed at this attempt. */
  const bringIn = async (imageId: string): Promise<void> => {
    const image = wanted.get(imageId)
    if (!image) return
    const record = records.get(imageId)
    if (record && record.attempt >= image.attempt && record.status === 'failed') return
    if (isReady(record) && (await loadManifest(dir, record.manifestDigest))) {
      if (record.attempt >= image.attempt) return
      const again = { ...record, attempt: image.attempt }
      await store(again)
      await tellReady(again)
    } else await importOne(image)
    options.onChange()
  }
  const removeUnwanted = async (): Promise<void> => {
    for (const imageId of records.keys()) {
      if (wanted.has(imageId)) continue
      records.delete(imageId)
      await forgetImage(database, imageId)
    }
    const kept = [...records.values()].flatMap((record) => (isReady(record) ? [record.manifestDigest] : []))
    await collectGarbage(dir, new Set(kept))
  }
  const examine = async (sha256: string): Promise<void> => {
    if (await isChunkIntact(dir, sha256)) return
    await quarantineChunk(dir, sha256)
    for (const record of [...records.values()]) {
      if (!isReady(record)) continue
      const manifest = await loadManifest(dir, record.manifestDigest)
      if (manifest && !manifest.chunks.includes(sha256)) continue
      await removeManifest(dir, record.manifestDigest)
      const image = wanted.get(record.imageId)
      if (image) await fail(image, new ImportError('checksum-mismatch', damagedCopy))
    }
    options.onChange()
  }
  return {
    want: (images) => {
      const text = JSON.stringify(images)
      if (text === lastWanted) return
      lastWanted = text
      wanted = new Map(images.map((image) => [image.imageId, image]))
      if (current && !wanted.has(current.progress.imageId)) current.abort.abort()
      for (const imageId of wanted.keys()) enqueue(() => bringIn(imageId))
      enqueue(removeUnwanted)
    },
    readiness: (manifestDigest) => {
      const ready = [...records.values()].some(
        (record) => isReady(record) && record.manifestDigest === manifestDigest,
      )
      if (ready) return 'ready'
      const pending = [...wanted.values()].some((image) => {
        const record = records.get(image.imageId)
        const ended = record?.status === 'failed' && record.attempt >= image.attempt
        return !ended && (image.manifestDigest === null || image.manifestDigest === manifestDigest)
      })
      return pending ? 'pending' : 'missing'
    },
    progress: () => (current ? [current.progress] : []),
    records: () => [...records.values()],
    suspectChunk: (sha256) => enqueue(() => examine(sha256)),
    settled: async () => {
      for (let last: Promise<void> | null = null; last !== queue; ) {
        last = queue
        await last
      }
    },
    stop: async () => {
      stopped = true
      current?.abort.abort()
      await queue
    },
  }
}

const damagedCopy = 'This edge’s copy of the image is damaged on its disk. Import it again.'

function pickImported({ manifestDigest, sizeBytes, storedBytes }: ImportedImage) {
  return { manifestDigest, sizeBytes, storedBytes }
}
