/** What an image cache leaves free on its disk, at the least. */
export const reserveBytes = 1024 * 1024 * 1024
/** The part of its disk that a cache leaves to others, unless a person set a limit. */
const reserveShare = 0.1

/** An image as it lies in the cache. */
export interface CachedImage {
  imageId: string
  /** Bytes on the disk of each of its chunks, by hash; images may share chunks. */
  chunks: ReadonlyMap<string, number>
  lastUsedAt: number
  /** A queued, armed or running deployment writes it. */
  inUse: boolean
}

/** How large the cache may grow: what a person set, else all of the disk but 10 % and at least 1 GiB. */
export function decideCacheLimit(setBytes: number | null, diskBytes: number): number {
  return setBytes ?? Math.max(0, diskBytes - Math.max(reserveBytes, diskBytes * reserveShare))
}

/**
 * Which images go, so that the chunks of the others take `limitBytes` at most: the one that was not used for longest
 * first, none that is in use, and none whose going would free nothing. Images in use may exceed the limit.
 */
export function decideEvictions(images: readonly CachedImage[], limitBytes: number): string[] {
  const holders = countHolders(images)
  let total = sum(new Map(images.flatMap(({ chunks }) => [...chunks])).values())
  const candidates = images.filter(({ inUse }) => !inUse).sort(byLastUse)
  const leaving: CachedImage[] = []
  for (const image of candidates) {
    if (total <= limitBytes) break
    leaving.push(image)
    for (const [sha256, bytes] of image.chunks) {
      const left = (holders.get(sha256) ?? 0) - 1
      holders.set(sha256, left)
      if (left === 0) total -= bytes
    }
  }
  const isKeptAnyway = ({ chunks }: CachedImage): boolean =>
    [...chunks.keys()].every((sha256) => (holders.get(sha256) ?? 0) > 0)
  return leaving.filter((image) => !isKeptAnyway(image)).map(({ imageId }) => imageId)
}

/** Less than this is nothing: logs come and go. */
const leastGainBytes = 16 * 1024 * 1024
const leastGainShare = 0.1

/** Whether an image that found too little room is worth another try: each takes clearly more than the one before. */
export function hasMoreRoom(nowBytes: number, thenBytes: number): boolean {
  return nowBytes - thenBytes >= Math.max(leastGainBytes, thenBytes * leastGainShare)
}

function countHolders(images: readonly CachedImage[]): Map<string, number> {
  const holders = new Map<string, number>()
  for (const { chunks } of images)
    for (const sha256 of chunks.keys()) holders.set(sha256, (holders.get(sha256) ?? 0) + 1)
  return holders
}

function byLastUse(one: CachedImage, other: CachedImage): number {
  return one.lastUsedAt - other.lastUsedAt || one.imageId.localeCompare(other.imageId)
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
