import { createCipheriv, createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab } from '../lab.ts'

const mib = 1024 * 1024
const noiseMib = [5, 1] as const
const zerosMib = 4

/** A raw image in a lab's folder: noise, a hole, noise. */
export interface RawImage {
  name: string
  path: string
  sha256: string
}

/** The same bytes for the same seed and name. */
export async function writeRawImage(lab: Lab, name: string, seed: number): Promise<RawImage> {
  const key = createHash('md5').update(`${seed} ${name}`).digest()
  const noise = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  const [before, after] = noiseMib.map((count) => noise.update(Buffer.alloc(count * mib)))
  const bytes = Buffer.concat([
    before ?? Buffer.alloc(0),
    Buffer.alloc(zerosMib * mib),
    after ?? Buffer.alloc(0),
  ])
  const path = join(lab.state.dir, `${name}.raw`)
  await writeFile(path, bytes)
  return { name, path, sha256: createHash('sha256').update(bytes).digest('hex') }
}
