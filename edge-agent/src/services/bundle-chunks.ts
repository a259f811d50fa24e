import { createHash } from 'node:crypto'
import type { BundleManifest } from '@dragonfly/schema/wire'
import { describeError } from './control-plane.ts'
import { fetchFromSibling } from './siblings/sibling-http.ts'
import { type SiblingSource, SiblingsFailedError } from './siblings/siblings.ts'

const chunkWithinMs = 60_000

export function cutFiles(files: BundleManifest['files']): BundleChunk[] {
  return files.flatMap(({ name, chunks }) => {
    let start = 0
    return chunks.map((chunk) => {
      const cut = { ...chunk, file: name, start }
      start += chunk.sizeBytes
      return cut
    })
  })
}

/** A piece of a file of the boot bundle. */
export interface BundleChunk {
  file: string
  start: number
  sizeBytes: number
  sha256: string
}

/** One after the other, each beginning where the last one gave something. @throws SiblingsFailedError */
export function askSiblings(sources: readonly SiblingSource[], version: string) {
  const honest = new Set(sources)
  return async ({ file, start, sizeBytes, sha256 }: BundleChunk): Promise<Uint8Array> => {
    let reason = 'nobody has it'
    for (const source of [...honest]) {
      const url = `${source.url}/bundles/${version}/${file}`
      const range = { start, end: start + sizeBytes - 1 }
      try {
        const bytes = await fetchFromSibling({ url, range, largestBytes: sizeBytes, withinMs: chunkWithinMs })
        if (hashOf(bytes) === sha256) return bytes
        reason = `${url}: other bytes`
      } catch (error) {
        reason = describeError(error)
      }
      honest.delete(source)
    }
    const edgeIds = sources.map(({ edgeId }) => edgeId)
    throw new SiblingsFailedError(edgeIds, reason)
  }
}

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
