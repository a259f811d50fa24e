import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@dragonfly/schema/log'
import { bundleChunkBytes, type EdgeRelease, edgeReleaseSchema } from '@dragonfly/schema/wire'
import type { EdgeReleaseSource } from '../../ports/index.ts'

const platform = 'linux-x64'
const fileName = new RegExp(`^dragonfly-edge-(\\d[\\w.+-]*)-${platform}\\.tgz$`)

interface Loaded {
  path: string
  changedAt: number
  release: EdgeRelease
  pieces: Map<string, Uint8Array<ArrayBuffer>>
}

/** The newest package in a folder, as `npm run edge-package` writes it; a new one is noticed. */
export function createEdgeReleaseFiles(dir: string, log: Log): EdgeReleaseSource {
  let loaded: Loaded | null = null

  async function load(): Promise<Loaded | null> {
    const newest = await findNewest(dir)
    if (newest === null) return null
    if (loaded?.path === newest.path && loaded.changedAt === newest.changedAt) return loaded
    loaded = await readRelease(newest).catch((error: unknown) => {
      log.error(`${newest.path} can't be used`, { error })
      return null
    })
    return loaded
  }
  return {
    current: async () => (await load())?.release ?? null,
    chunk: async (sha256) => (await load())?.pieces.get(sha256) ?? null,
  }
}

async function findNewest(dir: string): Promise<{ path: string; version: string; changedAt: number } | null> {
  const names = await readdir(dir).catch(() => [])
  const found = await Promise.all(
    names.flatMap((name) => {
      const version = fileName.exec(name)?.[1]
      const path = join(dir, name)
      return version ? [stat(path).then(({ mtimeMs }) => ({ path, version, changedAt: mtimeMs }))] : []
    }),
  )
  return found.sort((a, b) => b.changedAt - a.changedAt)[0] ?? null
}

async function readRelease(file: { path: string; version: string; changedAt: number }): Promise<Loaded> {
  const bytes = await readFile(file.path)
  const pieces: Loaded['pieces'] = new Map()
  const chunks: EdgeRelease['chunks'] = []
  for (let offset = 0; offset < bytes.length; offset += bundleChunkBytes) {
    const piece = new Uint8Array(bytes.subarray(offset, offset + bundleChunkBytes))
    const sha256 = createHash('sha256').update(piece).digest('hex')
    pieces.set(sha256, piece)
    chunks.push({ sha256, sizeBytes: piece.length })
  }
  const release = edgeReleaseSchema.parse({
    format: 1,
    version: file.version,
    platform,
    sizeBytes: bytes.length,
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    chunks,
  })
  return { path: file.path, changedAt: file.changedAt, release, pieces }
}
