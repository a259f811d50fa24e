import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { prepareImageDirectory, sha256Hex } from '../../edge-agent/src/services/images/chunk-store.ts'
import { chunkPath } from '../../edge-agent/src/services/images/image-paths.ts'

const chunkBytes = 4 * 1024 * 1024

/**
 * Fills the images of an edge's folder with what no compression makes smaller, as stored chunks are, and gives
 * the chunks' names. Written a moment ago, they are read from memory.
 */
export async function writeChunks(dataDir: string, count: number): Promise<string[]> {
  const folder = join(dataDir, 'images')
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
