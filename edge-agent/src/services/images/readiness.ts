import type { WantedImage } from '@dragonfly/schema/wire'
import type { ImageRecord } from '../store/images.ts'

export type ReadyRecord = ImageRecord & { manifestDigest: string }

export function isReady(record: ImageRecord | undefined): record is ReadyRecord {
  return record?.status === 'ready' && record.manifestDigest !== null
}

/** Whether a manifest can be written from this edge: now, once an import has ended, or not at all. */
export function decideReadiness(
  manifestDigest: string,
  records: ReadonlyMap<string, ImageRecord>,
  wanted: ReadonlyMap<string, WantedImage>,
): 'ready' | 'pending' | 'missing' {
  const holds = (record: ImageRecord): boolean => isReady(record) && record.manifestDigest === manifestDigest
  if ([...records.values()].some(holds)) return 'ready'
  const mayBecome = (image: WantedImage): boolean => {
    const ended = hasFailed(records.get(image.imageId), image)
    return !ended && (image.manifestDigest === null || image.manifestDigest === manifestDigest)
  }
  return [...wanted.values()].some(mayBecome) ? 'pending' : 'missing'
}

/** It failed at this attempt, or at a later one: it is tried again when a person asks for it. */
export function hasFailed(record: ImageRecord | undefined, image: WantedImage): boolean {
  return record?.status === 'failed' && record.attempt >= image.attempt
}
