import type { SiblingStatus, WantedImage } from '@dragonfly/schema/wire'
import { claiming } from '../../protocol/source-choice.ts'
import { createSerialQueue } from '../serial-queue.ts'
import { claimSource, noSiblings } from '../siblings/claim.ts'
import { SiblingsFailedError } from '../siblings/siblings.ts'
import { forgetImage, type ImageRecord } from '../store/images.ts'
import { readCacheLimit } from './cache-contents.ts'
import {
  isChunkIntact,
  loadManifest,
  prepareImageDirectory,
  quarantineChunk,
  removeManifest,
} from './chunk-store.ts'
import { ImportError } from './import-error.ts'
import type { ImportedImage } from './importer.ts'
import { removeOtherPartialManifests, removePartialManifest } from './partial-manifests.ts'
import { decideReadiness, hasFailed, isReady, type ReadyRecord } from './readiness.ts'
import {
  type CacheWishes,
  type CurrentImport,
  evictOne,
  type ImageLibraryOptions,
  type ImageProgress,
  noWishes,
  openShelf,
  readRoom,
  removeChunks,
  type Shelf,
  shrink,
  store,
} from './shelf.ts'
import { removeOtherSpools, removeSpool, spoolPath } from './spool.ts'

/** The images that this edge is to hold: imports them one after the other, removes what nobody wants, and makes room. */
export interface ImageLibrary {
  want(images: readonly WantedImage[], wishes?: CacheWishes): void
  readiness(manifestDigest: string): 'ready' | 'pending' | 'missing'
  progress(): ImageProgress[]
  records(): ImageRecord[]
  /** How it stands with an image, for the other edges of the site. */
  standing(imageId: string): Omit<SiblingStatus, 'edgeId'>
  /** A reader got bytes that are not this chunk: looks at the one on disk. */
  suspectChunk(sha256: string): void
  /** To be called now and then: what failed for want of room is tried again once there is more. */
  lookForRoom(): void
  /** Resolves when there is nothing left to do. */
  settled(): Promise<void>
  stop(): Promise<void>
}

export async function openImageLibrary(options: ImageLibraryOptions): Promise<ImageLibrary> {
  await prepareImageDirectory(options.dir)
  const queue = createSerialQueue()
  /** Most new states of a site concern its machines: the same images again are no work. */
  let lastWanted = ''
  const enqueue = (work: () => Promise<void>): void => {
    queue
      .add(async () => (shelf.stopped ? undefined : work()))
      .catch((error) => options.warn('Images could not be looked after.', { error }))
  }
  const shelf = await openShelf(options, enqueue)
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
    progress: () => (shelf.current && !shelf.current.isClaim ? [shelf.current.progress] : []),
    records: () => [...shelf.records.values()],
    standing: (imageId) => describeStanding(shelf, imageId),
    suspectChunk: (sha256) => enqueue(() => examine(shelf, sha256)),
    lookForRoom: () => {
      if (shelf.lacking.size() > 0 && !shelf.current) enqueue(() => retryWithRoom(shelf))
    },
    settled: queue.settled,
    stop: async () => {
      shelf.stopped = true
      shelf.current?.abort.abort()
      for (const timer of shelf.waiting.values()) clearTimeout(timer)
      await queue.settled()
    },
  }
}

async function storeReady(shelf: Shelf, record: ReadyRecord): Promise<void> {
  await store(shelf, record)
  const { imageId, manifestDigest, sizeBytes, storedBytes } = record
  await shelf.lacking.forget(imageId)
  await shelf.options.append({ type: 'image.ready', imageId, manifestDigest, sizeBytes, storedBytes })
}

async function storeFailed(shelf: Shelf, image: WantedImage, error: ImportError): Promise<void> {
  const { imageId, attempt } = image
  const usedAt = shelf.options.now()
  await store(shelf, { imageId, attempt, status: 'failed', ...nothingImported, usedAt })
  if (error.reason === 'cache-full') await shelf.lacking.note(imageId, await readRoom(shelf))
  else await shelf.lacking.forget(imageId)
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
  } else {
    const twin = await findTwin(shelf, image)
    const usedAt = shelf.options.now()
    if (twin) await storeReady(shelf, { ...twin, imageId, attempt: image.attempt, usedAt })
    else if (!(await importOne(shelf, image))) return waitForSibling(shelf, imageId)
  }
  shelf.options.onChange()
}

/** It goes on with other images meanwhile. */
function waitForSibling(shelf: Shelf, imageId: string): void {
  if (shelf.stopped || shelf.waiting.has(imageId)) return
  const look = (): void => {
    shelf.waiting.delete(imageId)
    shelf.enqueue(() => bringIn(shelf, imageId))
  }
  shelf.waiting.set(imageId, setTimeout(look, shelf.options.lookAgainMs ?? lookAgainMs))
}

function describeStanding(
  { records, wanted, wishes, current }: Shelf,
  imageId: string,
): Omit<SiblingStatus, 'edgeId'> {
  const nothing = { digest: null, phase: null, bytesDone: 0, busy: current !== null }
  const record = records.get(imageId)
  if (current?.progress.imageId === imageId) {
    const { phase, bytesDone } = current.progress
    return { ...nothing, status: 'importing', phase: current.isClaim ? claiming : phase, bytesDone }
  }
  if (isReady(record)) return { ...nothing, status: 'ready', digest: record.manifestDigest }
  const image = wanted.get(imageId)
  const isLeftOut = record?.status === 'evicted' && !wishes.inUse.has(imageId)
  if (!image || hasFailed(record, image) || isLeftOut) return { ...nothing, status: 'none' }
  return { ...nothing, status: 'wanted' }
}

/** Another image that is here and was published as the very same file. */
async function findTwin(
  { options, records, wanted }: Shelf,
  image: WantedImage,
): Promise<ReadyRecord | null> {
  const { algorithm, value } = image.checksum
  for (const { imageId, checksum } of wanted.values()) {
    const record = records.get(imageId)
    if (checksum.algorithm !== algorithm || checksum.value !== value || !isReady(record)) continue
    if (image.manifestDigest !== null && image.manifestDigest !== record.manifestDigest) continue
    if (await loadManifest(options.dir, record.manifestDigest)) return record
  }
  return null
}

/** False when another edge of the site brings it, or is to bring it; or when those that had it failed. */
async function importOne(shelf: Shelf, image: WantedImage): Promise<boolean> {
  const { imageId, attempt, manifestDigest } = image
  const { siblings = noSiblings } = shelf.options
  const abort = new AbortController()
  const progress: ImageProgress = { imageId, phase: 'downloading', bytesDone: 0, bytesTotal: null }
  const current: CurrentImport = { progress, isClaim: true, abort }
  try {
    const found = await claimSource(siblings, { kind: 'image', imageId }, manifestDigest, {
      begin: () => {
        shelf.current = current
      },
      end: () => {
        shelf.current = null
      },
    })
    if (found.kind === 'wait' || found.kind === 'ask-again') return false
    if (shelf.stopped || abort.signal.aborted || !shelf.wanted.has(imageId)) return true
    shelf.current = Object.assign(current, { isClaim: false })
    const imported = await importWithRoom(shelf, {
      ...(found.kind === 'siblings' ? { siblings: found.sources } : {}),
      dir: shelf.options.dir,
      image,
      signal: abort.signal,
      onProgress: (news) => {
        current.progress = { imageId, ...news }
      },
    })
    const usedAt = shelf.options.now()
    await storeReady(shelf, { imageId, attempt, status: 'ready', ...pickImported(imported), usedAt })
    await shrink(shelf)
  } catch (error) {
    if (error instanceof SiblingsFailedError) {
      shelf.options.warn('An image did not come whole from other edges.', { imageId, error })
      siblings.distrust(error.edgeIds)
      return false
    }
    const failure = error instanceof ImportError ? error : new ImportError('unreachable', String(error))
    if (!abort.signal.aborted) await storeFailed(shelf, image, failure)
  } finally {
    shelf.current = null
  }
  return true
}

/** As if a person had asked for it: nobody has to, once space was made. */
async function retryWithRoom(shelf: Shelf): Promise<void> {
  for (const imageId of shelf.lacking.fitting(await readRoom(shelf))) {
    await shelf.lacking.forget(imageId)
    if (shelf.records.get(imageId)?.status !== 'failed' || !shelf.wanted.has(imageId)) continue
    shelf.records.delete(imageId)
    await forgetImage(shelf.options.database, imageId)
    await bringIn(shelf, imageId)
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
      await removeSpool(spoolPath(dir, job.image))
      if (job.image.manifestDigest) await removePartialManifest(dir, job.image.manifestDigest)
      await removeChunks(shelf)
      throw error
    }
  }
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
    await shelf.lacking.forget(imageId)
  }
  await removeOtherSpools(options.dir, [...wanted.values()])
  const digests = [...wanted.values()].flatMap(({ manifestDigest }) => manifestDigest ?? [])
  await removeOtherPartialManifests(options.dir, new Set(digests))
  await removeChunks(shelf)
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

const lookAgainMs = 2000
const nothingImported = { manifestDigest: null, sizeBytes: 0, storedBytes: 0 }
const damagedCopy = 'This edge’s copy of the image is damaged on its disk. Import it again.'

function pickImported({ manifestDigest, sizeBytes, storedBytes }: ImportedImage) {
  return { manifestDigest, sizeBytes, storedBytes }
}
