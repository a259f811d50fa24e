import type { ImageManifest } from '@dragonfly/schema/wire'
import { type ChunkSlot, createChunkSlots } from './chunk-slot.ts'
import type { ChunkThreads } from './chunk-threads.ts'
import type { DiskTarget } from './disk-target.ts'
import { abortedFailure, WorkFailure } from './failure.ts'
import type { ImageSource } from './image-source.ts'
import { readMark, writeMark } from './write-mark.ts'
import {
  chooseSamples,
  type DataPiece,
  pieceOf,
  planPieces,
  planWipe,
  type WritePiece,
} from './write-plan.ts'

/** Chunks under way at once. Each needs 8 MiB: compressed, and raw as the disk wants it. */
export const parallelChunks = 4

export interface WriteImageOptions {
  manifest: ImageManifest
  source: ImageSource
  target: DiskTarget
  threads: ChunkThreads
  signal: AbortSignal
  onProgress: (bytesDone: number) => void
  /** An earlier writing of this image was broken off, and the disk still held so much of it. */
  onResumed?: (bytesKept: number) => void
}

/** So many chunks in a row that are not there mean that the earlier writing came no further. */
const mostMisses = 64

/**
 * Writes an image to a disk and reads samples of it back. What a writing of the same image left there before a power cut
 * is read, and only what is missing is fetched. Returns when everything is on the disk; throws
 * WorkFailure. On an abort, requests are dropped at once and writes that are under way are awaited.
 */
export async function writeImage(options: WriteImageOptions): Promise<void> {
  const { manifest, target } = options
  const slots = createChunkSlots(parallelChunks, manifest.chunkBytes)
  const kept = createKeeper(options, await readMark(target, manifest))
  for (const wipe of planWipe(manifest, target.sizeBytes)) await target.zero(wipe.offset, wipe.length)
  await writeMark(target, manifest)
  let bytesDone = 0
  const write = async (piece: WritePiece, slot: ChunkSlot, signal: AbortSignal): Promise<void> => {
    if (piece.kind === 'zero') {
      await target.zero(piece.offset, piece.length)
    } else if (!(await kept.has(piece, slot))) {
      await options.source.fetchChunk(piece, slot, signal)
      await target.write(slot.raw.subarray(0, piece.length), piece.offset)
    }
    bytesDone += piece.length
    options.onProgress(bytesDone)
  }
  await runPieces(planPieces(manifest), slots, options.signal, write)
  if (kept.bytes() > 0) options.onResumed?.(kept.bytes())
  await target.flush()
  await runPieces([pieceOf(manifest, 0)], slots, options.signal, write)
  await target.flush()
  await verifySamples(options, slots)
}

/** Says which pieces the disk holds already; it stops looking where the earlier writing seems to have ended. */
function createKeeper({ target, threads }: WriteImageOptions, wasBrokenOff: boolean) {
  let misses = wasBrokenOff ? 0 : mostMisses
  let bytes = 0
  return {
    bytes: () => bytes,
    has: async (piece: DataPiece, slot: ChunkSlot): Promise<boolean> => {
      if (misses >= mostMisses) return false
      const held = slot.raw.subarray(0, piece.length)
      await target.read(held, piece.offset)
      const isThere = await holds(threads, piece, held)
      misses = isThere ? 0 : misses + 1
      if (isThere) bytes += piece.length
      return isThere
    },
  }
}

/** Works through pieces with one worker per slot. The first failure stops all; it is thrown when all have ended. */
async function runPieces(
  pieces: Iterable<WritePiece>,
  slots: readonly ChunkSlot[],
  signal: AbortSignal,
  write: (piece: WritePiece, slot: ChunkSlot, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const queue = pieces[Symbol.iterator]()
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  let failure: unknown = null
  const work = async (slot: ChunkSlot): Promise<void> => {
    while (!either.aborted) {
      const next = queue.next()
      if (next.done) return
      try {
        await write(next.value, slot, either)
      } catch (error) {
        failure ??= error
        stop.abort()
      }
    }
  }
  await Promise.all(slots.map(work))
  if (signal.aborted) throw abortedFailure()
  if (failure) throw failure
}

async function verifySamples(options: WriteImageOptions, slots: readonly ChunkSlot[]): Promise<void> {
  const samples = chooseSamples(options.manifest).map((index) => pieceOf(options.manifest, index))
  await runPieces(samples, slots, options.signal, async (piece, slot) => {
    const bytes = slot.raw.subarray(0, piece.length)
    await options.target.read(bytes, piece.offset)
    if (await holds(options.threads, piece, bytes)) return
    throw new WorkFailure(
      'verify-mismatch',
      `At byte ${piece.offset} the disk does not hold what was written to it.`,
    )
  })
}

async function holds(threads: ChunkThreads, piece: WritePiece, bytes: Uint8Array): Promise<boolean> {
  if (piece.kind === 'zero') return isZero(bytes)
  const got = await threads.work({ frame: null, into: bytes })
  return 'sha256' in got && got.sha256 === piece.sha256
}

const zeros = Buffer.alloc(64 * 1024)

/** Compares blocks with zeros: a callback for each byte takes a hundred times as long. */
function isZero(bytes: Uint8Array): boolean {
  for (let start = 0; start < bytes.length; start += zeros.length) {
    const block = bytes.subarray(start, start + zeros.length)
    if (zeros.compare(block, 0, block.length, 0, block.length) !== 0) return false
  }
  return true
}
