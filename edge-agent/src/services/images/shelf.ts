import type { Log } from '@dragonfly/schema/log'
import type { SiteEvent, WantedImage } from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'
import { decideEvictions, reserveBytes } from '../../protocol/image-cache.ts'
import type { Siblings } from '../siblings/siblings.ts'
import { type ImageRecord, loadImages, storeImage } from '../store/images.ts'
import { readCachedImages, readCacheLimit } from './cache-contents.ts'
import { collectGarbage } from './chunk-store.ts'
import { freeBytesOf, type ImportedImage, type ImportOptions } from './importer.ts'
import { type LackingRoom, openLackingRoom } from './lacking-room.ts'
import { isReady } from './readiness.ts'

export interface ImageLibraryOptions {
  database: Database
  dir: string
  now: () => number
  append: (event: SiteEvent) => Promise<void>
  warn: Log['warn']
  /** An image became ready, or failed for good. */
  onChange: () => void
  /** The other edges of the site; none where it is left out. */
  siblings?: Siblings
  /** How often it looks how far the edge is that brings an image here. */
  lookAgainMs?: number
  runImport: (options: Omit<ImportOptions, 'image'> & { image: WantedImage }) => Promise<ImportedImage>
}

export interface ImageProgress {
  imageId: string
  phase: 'downloading' | 'verifying'
  bytesDone: number
  bytesTotal: number | null
  /** The edge of the site that it comes from; left out where it comes from its source. */
  fromEdgeId?: string | undefined
}

/** What the cache is to be kept for, and how large it may grow. */
export interface CacheWishes {
  /** Images that deployments of the site write, or are about to. */
  inUse: ReadonlySet<string>
  /** Null: by the size of the disk. */
  maxBytes: number | null
}

/** What is here, what is wanted, and the import that runs. */
export interface Shelf {
  options: ImageLibraryOptions
  records: Map<string, ImageRecord>
  wanted: Map<string, WantedImage>
  wishes: CacheWishes
  current: CurrentImport | null
  /** Images that another edge brings here: when to look again. */
  waiting: Map<string, NodeJS.Timeout>
  lacking: LackingRoom
  enqueue: (work: () => Promise<void>) => void
  stopped: boolean
}

export interface CurrentImport {
  progress: ImageProgress
  /** It has not begun: it makes sure first that no other edge has. */
  isClaim: boolean
  abort: AbortController
}

export const noWishes: CacheWishes = { inUse: new Set(), maxBytes: null }

export async function openShelf(options: ImageLibraryOptions, enqueue: Shelf['enqueue']): Promise<Shelf> {
  const kept = await loadImages(options.database)
  const records = new Map(kept.map((record) => [record.imageId, record]))
  const lacking = await openLackingRoom(options.database)
  const empty = { wanted: new Map(), wishes: noWishes, current: null, waiting: new Map(), stopped: false }
  return { options, records, lacking, enqueue, ...empty }
}

export async function store({ options, records }: Shelf, record: ImageRecord): Promise<void> {
  await storeImage(options.database, record)
  records.set(record.imageId, record)
}

/** What an import may take: what is free, or can be made free, beyond what is always left. */
export async function readRoom({ options, records, wishes }: Shelf): Promise<number> {
  const idle = [...records.values()].filter((record) => isReady(record) && !wishes.inUse.has(record.imageId))
  const idleBytes = idle.reduce((total, { storedBytes }) => total + storedBytes, 0)
  return Math.max(0, (await freeBytesOf(options.dir)) + idleBytes - reserveBytes)
}

/** Drops images until the cache is as small as it has to be. */
export async function shrink(shelf: Shelf, atMostBytes?: number): Promise<void> {
  const { dir } = shelf.options
  const limitBytes = atMostBytes ?? (await readCacheLimit(dir, shelf.wishes.maxBytes))
  const ready = [...shelf.records.values()].filter(isReady)
  // Counts what images share more than once: when that fits, all does.
  if (ready.reduce((total, { storedBytes }) => total + storedBytes, 0) <= limitBytes) return
  await evict(shelf, decideEvictions(await readCachedImages(dir, ready, shelf.wishes.inUse), limitBytes))
}

/** Drops the image that was not used for longest; false where all that are here are in use. */
export async function evictOne(shelf: Shelf): Promise<boolean> {
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

/** Removes what no image that is here needs. */
export async function removeChunks({ options, records }: Shelf): Promise<void> {
  const kept = [...records.values()].filter(isReady).map((record) => record.manifestDigest)
  await collectGarbage(options.dir, new Set(kept))
}
