import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleChunkBytes, type EdgeFetch, edgeReleaseType } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSigner } from '../../../test/site.ts'
import { fetchRelease } from './fetch-release.ts'

const signer = createSigner('k1')
const tarball = randomBytes(bundleChunkBytes + 100)
const pieces = [tarball.subarray(0, bundleChunkBytes), tarball.subarray(bundleChunkBytes)]
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const release = {
  format: 1,
  version: '9.0.0',
  platform: `${process.platform}-${process.arch}`,
  sizeBytes: tarball.length,
  integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
  chunks: pieces.map((piece) => ({ sha256: hash(piece), sizeBytes: piece.length })),
}

let dataDir: string
let asked: number[]
/** A piece that does not come, or comes altered. */
let broken: { piece: number; by: 'silence' | 'alteration' } | null
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'edge-release-'))
  asked = []
  broken = null
})
afterEach(() => rm(dataDir, { recursive: true }))

async function answer(path: string): Promise<Uint8Array> {
  const index = pieces.findIndex((piece) => path.endsWith(hash(piece)))
  const piece = pieces[index]
  if (!piece) {
    const manifest = await signer.sign(release, edgeReleaseType)
    return Buffer.from(JSON.stringify({ version: '9.0.0', manifest }))
  }
  asked.push(index)
  if (broken?.piece !== index) return piece
  if (broken.by === 'silence') throw new Error('nobody is there')
  return piece.toReversed()
}

async function fetch(): Promise<{ path: string; progress: EdgeFetch[] }> {
  const progress: EdgeFetch[] = []
  const source = { dataDir, controlPlane: { fetchBytes: answer }, signerKeys: () => [signer.key] }
  return { path: await fetchRelease(source, '9.0.0', (news) => void progress.push(news)), progress }
}

it('tells how far it is', async () => {
  const { path, progress } = await fetch()
  expect((await readFile(path)).equals(tarball)).toBe(true)
  expect(progress.map(({ bytesDone }) => bytesDone)).toEqual([0, bundleChunkBytes, tarball.length])
  expect(progress[0]).toEqual({ version: '9.0.0', bytesDone: 0, bytesTotal: tarball.length })
})

it('goes on where an earlier try ended, and takes nothing that was altered', async () => {
  broken = { piece: 1, by: 'silence' }
  await expect(fetch()).rejects.toThrow('nobody is there')
  broken = { piece: 1, by: 'alteration' }
  await expect(fetch()).rejects.toThrow('arrived damaged')
  broken = null
  const { path } = await fetch()
  expect((await readFile(path)).equals(tarball)).toBe(true)
  expect(asked).toEqual([0, 1, 1, 1])
})
