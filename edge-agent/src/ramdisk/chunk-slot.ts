import { createAlignedBuffers } from './aligned-buffers.ts'

/** Room for what zstd makes of 4 MiB that can't be compressed (ZSTD_compressBound), and some. */
const maxFrameBytes = 4 * 1024 * 1024 + 64 * 1024

/** Memory for one chunk under way, used again for the next. Other threads see it too. */
export interface ChunkSlot {
  /** The chunk as it comes from the server: a zstd frame. */
  frame: Uint8Array<SharedArrayBuffer>
  /** Page-aligned, as the disk wants it. */
  raw: Uint8Array<SharedArrayBuffer>
}

export function createChunkSlots(count: number, chunkBytes: number): ChunkSlot[] {
  const frames = createAlignedBuffers(count, maxFrameBytes)
  return createAlignedBuffers(count, chunkBytes).map((raw, index) => ({
    raw,
    frame: frames[index] ?? new Uint8Array(new SharedArrayBuffer(0)),
  }))
}
