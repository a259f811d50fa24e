import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { createAlignedBuffers } from './aligned-buffers.ts'
import type { Clock } from './clock.ts'
import { abortedFailure, WorkFailure } from './failure.ts'
import { decideFetch, type FetchOutcome, startHistory } from './fetch-policy.ts'
import type { HttpGet } from './http-get.ts'
import type { DataPiece } from './write-plan.ts'

/** Room for what zstd makes of 4 MiB that can't be compressed (ZSTD_compressBound), and some. */
const maxFrameBytes = 4 * 1024 * 1024 + 64 * 1024
const maxManifestBytes = 64 * 1024 * 1024
const decompress = promisify(zstdDecompress)

export interface ImageSourceDeps {
  get: HttpGet
  clock: Clock
  /** `http://ip:6871`, the nearest first. */
  servers: readonly string[]
  warn: (text: string) => void
}

export interface ImageSource {
  /** The manifest's bytes, whose SHA-256 is `digest`. Throws WorkFailure. */
  fetchManifest(digest: string, signal: AbortSignal): Promise<Uint8Array>
  /** Puts the raw bytes of a chunk into `slot.raw`, checked by length and SHA-256. Throws WorkFailure. */
  fetchChunk(piece: DataPiece, slot: ChunkSlot, signal: AbortSignal): Promise<void>
}

/** Memory for one chunk under way, used again for the next. */
export interface ChunkSlot {
  /** The chunk as it comes from the server: a zstd frame. */
  frame: Uint8Array<ArrayBuffer>
  /** Page-aligned, as the disk wants it. */
  raw: Uint8Array<ArrayBuffer>
}

export function createChunkSlots(count: number, chunkBytes: number): ChunkSlot[] {
  return createAlignedBuffers(count, chunkBytes).map((raw) => ({ raw, frame: new Uint8Array(maxFrameBytes) }))
}

type Attempt = { ok: true } | { ok: false; outcome: FetchOutcome; detail: string }

/** Takes manifests and chunks from one or several image servers. Every byte is checked: nothing is trusted. */
export function createImageSource(deps: ImageSourceDeps): ImageSource {
  // Every later request goes first to the server that last delivered, so that one dead server costs one time-out.
  let preferred = 0

  async function persist(
    what: string,
    digest: string,
    signal: AbortSignal,
    attempt: (server: string) => Promise<Attempt>,
  ): Promise<void> {
    let history = startHistory(preferred)
    for (;;) {
      if (signal.aborted) throw abortedFailure()
      const server = deps.servers[history.server] ?? ''
      const result = await attempt(server)
      if (signal.aborted) throw abortedFailure()
      if (result.ok) {
        preferred = history.server
        return
      }
      const decision = decideFetch(history, result.outcome, deps.servers.length, deps.clock.now())
      if (decision.kind === 'fail') throw createFailure(decision.reason, what, digest, result.detail)
      if (history.unreachable === 0 || result.outcome !== 'unreachable') {
        deps.warn(`${what} from ${server}: ${result.detail}; trying again`)
      }
      history = decision.history
      await deps.clock.sleep(decision.delayMs, signal)
    }
  }

  async function request(
    url: string,
    take: (piece: Uint8Array) => boolean,
    signal: AbortSignal,
  ): Promise<Attempt> {
    const answer = await deps.get(url, take, signal)
    if (answer.kind === 'ok') return { ok: true }
    if (answer.kind === 'unreachable') return { ok: false, outcome: 'unreachable', detail: answer.detail }
    if (answer.kind === 'too-large') return { ok: false, outcome: 'corrupt', detail: 'it is far too long' }
    const outcome = answer.status === 404 ? 'missing' : 'unreachable'
    return { ok: false, outcome, detail: `the server answered ${answer.status}` }
  }

  return {
    async fetchManifest(digest, signal) {
      let manifest: Uint8Array = new Uint8Array()
      await persist('the image manifest', digest, signal, async (server) => {
        const pieces: Uint8Array[] = []
        let size = 0
        const take = (piece: Uint8Array): boolean => {
          size += piece.length
          pieces.push(piece)
          return size <= maxManifestBytes
        }
        const result = await request(`${server}/manifests/${digest}`, take, signal)
        if (!result.ok) return result
        manifest = Buffer.concat(pieces)
        if (createHash('sha256').update(manifest).digest('hex') === digest) return result
        return { ok: false, outcome: 'corrupt', detail: 'its SHA-256 is wrong' }
      })
      return manifest
    },

    async fetchChunk(piece, slot, signal) {
      const what = `chunk ${piece.sha256.slice(0, 12)}… at byte ${piece.offset}`
      await persist(what, piece.sha256, signal, async (server) => {
        let size = 0
        const take = (part: Uint8Array): boolean => {
          if (size + part.length > slot.frame.length) return false
          slot.frame.set(part, size)
          size += part.length
          return true
        }
        const result = await request(`${server}/chunks/${piece.sha256}`, take, signal)
        if (!result.ok) return result
        const fault = await unpack(slot.frame.subarray(0, size), piece, slot.raw)
        return fault ? { ok: false, outcome: 'corrupt', detail: fault } : result
      })
    },
  }
}

/** Decompresses and checks a chunk into `into`; returns what is wrong with it, or null. */
async function unpack(
  frame: Uint8Array<ArrayBuffer>,
  piece: DataPiece,
  into: Uint8Array,
): Promise<string | null> {
  let raw: Uint8Array<ArrayBuffer>
  try {
    // One output buffer a little larger than the chunk: a single round trip through the thread pool.
    raw = await decompress(frame, { chunkSize: piece.length + 128, maxOutputLength: piece.length })
  } catch {
    return 'it can’t be decompressed'
  }
  if (raw.length !== piece.length) return `it has ${raw.length} bytes instead of ${piece.length}`
  // WebCrypto hashes in the thread pool, so that on several cores the event loop stays free for the network.
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', raw)).toString('hex')
  if (digest !== piece.sha256) return 'its SHA-256 is wrong'
  into.set(raw)
  return null
}

function createFailure(
  reason: 'chunk-corrupt' | 'chunk-missing' | 'image-server-unreachable',
  what: string,
  digest: string,
  detail: string,
): WorkFailure {
  const subject = `${what[0]?.toUpperCase()}${what.slice(1)}`
  if (reason === 'chunk-missing') {
    return new WorkFailure(reason, `${subject} is not on the image server.`, { chunk: digest })
  }
  if (reason === 'chunk-corrupt') {
    return new WorkFailure(reason, `${subject} arrived damaged every time: ${detail}.`, { chunk: digest })
  }
  return new WorkFailure(reason, `${subject} could not be fetched for two minutes: ${detail}.`)
}
