import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { imageManifestSchema } from '@dragonfly/schema/wire'
import { fetchByHttp } from './http-fetch.ts'
import { pause } from './pause.ts'

export interface ImageCheck {
  servers: readonly string[]
  manifestDigest: string
  /** The machine's own. */
  address: string
  signal: AbortSignal
  /** What the chunks are written to; null drops them. */
  disk: FileHandle | null
  /** May hold the work up, or end it by throwing. */
  onProgress: (bytesDone: number, bytesTotal: number) => void
}

const decompress = promisify(zstdDecompress)
const retryMs = 1000
/** As long as the ramdisk would go on with servers that cannot be reached. */
const giveUpMs = 120_000

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/**
 * Fetches every chunk of an image and checks it against its name, as a ramdisk does; resolves with the image's size.
 * @throws Error when a chunk is not what its name says, or cannot be had for two minutes.
 */
export async function fetchImage(check: ImageCheck): Promise<number> {
  const { manifestDigest, onProgress, disk } = check
  const bytes = await persist(check, `/manifests/${manifestDigest}`)
  if (sha256(bytes) !== manifestDigest) throw new Error('The SHA-256 of the manifest is wrong.')
  const manifest = imageManifestSchema.parse(JSON.parse(bytes.toString()))
  await disk?.truncate(manifest.sizeBytes)
  let bytesDone = 0
  for (const [index, chunk] of manifest.chunks.entries()) {
    const offset = index * manifest.chunkBytes
    const length = Math.min(manifest.chunkBytes, manifest.sizeBytes - offset)
    if (chunk !== null) {
      const raw = await decompress(await persist(check, `/chunks/${chunk}`))
      if (raw.length !== length || sha256(raw) !== chunk) throw new Error(`Chunk ${chunk} is damaged.`)
      await disk?.write(raw, 0, length, offset)
    }
    bytesDone += length
    onProgress(bytesDone, manifest.sizeBytes)
  }
  return manifest.sizeBytes
}

async function persist({ servers, address, signal }: ImageCheck, path: string): Promise<Buffer> {
  const startedMs = Date.now()
  for (let attempt = 0; ; attempt++) {
    const url = `${servers[attempt % servers.length]}${path}`
    const answer = await fetchByHttp(url, { address, signal }).catch(() => null)
    signal.throwIfAborted()
    if (answer?.status === 200) return answer.body
    if (Date.now() - startedMs > giveUpMs) throw new Error(`${url} could not be had for two minutes.`)
    await pause(retryMs, signal)
  }
}
