import { createHash } from 'node:crypto'
import type { ChunkSlot } from './chunk-slot.ts'
import type { ChunkThreads } from './chunk-threads.ts'
import type { Clock } from './clock.ts'
import { abortedFailure, WorkFailure } from './failure.ts'
import { decideFetch, type FetchOutcome, startHistory } from './fetch-policy.ts'
import type { HttpGet } from './http-get.ts'
import type { DataPiece } from './write-plan.ts'

const maxManifestBytes = 64 * 1024 * 1024

export interface ImageSourceDeps {
  get: HttpGet
  clock: Clock
  threads: ChunkThreads
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

type Attempt = { ok: true } | { ok: false; outcome: FetchOutcome; detail: string }
const wrongSum: Attempt = { ok: false, outcome: 'corrupt', detail: 'its SHA-256 is wrong' }

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
    place: (lengthBytes: number) => Uint8Array | null,
    signal: AbortSignal,
  ): Promise<Attempt> {
    const answer = await deps.get(url, place, signal)
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
        const place = (lengthBytes: number): Uint8Array | null => {
          if (lengthBytes > maxManifestBytes) return null
          manifest = new Uint8Array(lengthBytes)
          return manifest
        }
        const result = await request(`${server}/manifests/${digest}`, place, signal)
        if (!result.ok) return result
        if (createHash('sha256').update(manifest).digest('hex') === digest) return result
        return wrongSum
      })
      return manifest
    },

    async fetchChunk(piece, slot, signal) {
      const what = `chunk ${piece.sha256.slice(0, 12)}… at byte ${piece.offset}`
      await persist(what, piece.sha256, signal, async (server) => {
        let size = 0
        const place = (lengthBytes: number): Uint8Array | null => {
          size = lengthBytes
          return lengthBytes > slot.frame.length ? null : slot.frame
        }
        const result = await request(`${server}/chunks/${piece.sha256}`, place, signal)
        if (!result.ok) return result
        const got = await deps.threads.work({
          frame: slot.frame.subarray(0, size),
          into: slot.raw.subarray(0, piece.length),
        })
        if ('fault' in got) return { ok: false, outcome: 'corrupt', detail: got.fault }
        return got.sha256 === piece.sha256 ? result : wrongSum
      })
    },
  }
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
