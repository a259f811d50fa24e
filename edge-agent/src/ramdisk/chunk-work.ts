import { createHash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'

/** What a thread is asked: to unpack a frame into `into`, or only to say which bytes those are. */
export interface ChunkTask {
  frame: Uint8Array | null
  into: Uint8Array
}

/** The SHA-256 (hex) of the chunk's raw bytes, or why there is none. */
export type ChunkResult = { sha256: string } | { fault: string }

export function workOnChunk({ frame, into }: ChunkTask): ChunkResult {
  const fault = frame && unpack(frame, into)
  return fault ? { fault } : { sha256: createHash('sha256').update(into).digest('hex') }
}

function unpack(frame: Uint8Array, into: Uint8Array): string | null {
  // One output buffer a little larger than the chunk: zstd then unpacks straight into it.
  const outputBytes = into.length + 128
  let raw: Buffer<ArrayBufferLike>
  try {
    raw = zstdDecompressSync(frame, { chunkSize: outputBytes, maxOutputLength: into.length })
  } catch {
    return 'it can’t be decompressed'
  }
  try {
    if (raw.length !== into.length) return `it has ${raw.length} bytes instead of ${into.length}`
    into.set(raw)
    return null
  } finally {
    // Gives the memory back now: garbage of 4 MiB for each chunk keeps the collector busy, and a small machine short of memory.
    // Only what was made for this chunk: small ones come out of a pool that others use.
    if (raw.buffer instanceof ArrayBuffer && raw.buffer.byteLength === outputBytes) raw.buffer.transfer(0)
  }
}
