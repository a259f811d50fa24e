import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { prepareImageDirectory, sha256Hex } from '../../edge-agent/src/services/images/chunk-store.ts'
import { chunkPath } from '../../edge-agent/src/services/images/image-paths.ts'

const chunkBytes = 4 * 1024 * 1024

/**
 * Fills an image server's folder with what no compression makes smaller, as stored chunks are, and gives
 * the chunks' names. Written a moment ago, they are read from memory.
 */
export async function writeChunks(folder: string, count: number): Promise<string[]> {
  await prepareImageDirectory(folder)
  return Array.from({ length: count }, () => {
    const bytes = randomBytes(chunkBytes)
    const name = sha256Hex(bytes)
    const path = chunkPath(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
    return name
  })
}
