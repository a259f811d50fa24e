import type { ImageManifest } from '@dragonfly/schema/wire'
import { createAlignedBuffers, directAlignment } from './aligned-buffers.ts'
import type { DiskTarget } from './disk-target.ts'

/**
 * While an image is written, its first chunk is still missing: in its place stands which image this is. After a power
 * cut it says that the disk's bytes are worth a look. No signature of a filesystem or partition table is at this place.
 */
export const markOffset = 1024 * 1024
const prefix = 'DRAGONFLY-WRITING '

/** Small images are sooner written again than looked at. */
const canBeMarked = ({ sizeBytes, chunkBytes }: ImageManifest): boolean => sizeBytes > 2 * chunkBytes

/** Names the image by what is in it: a manifest is as long as the image is large. */
const markOf = ({ rawSha256, sizeBytes }: ImageManifest): string => `${prefix}${rawSha256} ${sizeBytes}\n`

function createBlock(): Uint8Array {
  return createAlignedBuffers(1, directAlignment)[0] ?? new Uint8Array(directAlignment)
}

export async function readMark(target: DiskTarget, manifest: ImageManifest): Promise<boolean> {
  if (!canBeMarked(manifest)) return false
  const block = createBlock()
  await target.read(block, markOffset)
  const mark = markOf(manifest)
  return Buffer.from(block.buffer, block.byteOffset, mark.length).toString('latin1') === mark
}

/** Call it once the disk's start is empty. */
export async function writeMark(target: DiskTarget, manifest: ImageManifest): Promise<void> {
  if (!canBeMarked(manifest)) return
  const block = createBlock()
  block.set(Buffer.from(markOf(manifest)))
  await target.write(block, markOffset)
  await target.flush()
}
