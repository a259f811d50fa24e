import { open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@dragonfly/schema/log'
import { type BundleManifest, bundleManifestSchema } from '@dragonfly/schema/wire'
import type { BundleSource, BundleStatus } from '../../ports/index.ts'

/** How a build fares that somebody else runs; null when none does. */
export type BundleBuild = Extract<BundleStatus, { status: 'building' | 'failed' }> | null

export interface BundleFiles extends BundleSource {
  noteBuild(build: BundleBuild): void
}

interface Loaded {
  manifest: BundleManifest
  /** Where each piece lies: file, offset, size. */
  pieces: Map<string, { name: string; offset: number; sizeBytes: number }>
}

/** The boot bundle as files in a folder; a newly built one is noticed by its manifest's time. */
export function createBundleFiles(dir: string, log: Log): BundleFiles {
  const manifestPath = join(dir, 'manifest.json')
  let build: BundleBuild = null
  let loaded: { changedAt: number; bundle: Loaded | null } | null = null

  async function load(): Promise<Loaded | null> {
    const changedAt = await modifiedAt(manifestPath)
    if (changedAt === null) return null
    if (loaded?.changedAt === changedAt) return loaded.bundle
    const bundle = await readManifest(manifestPath).catch((error: unknown) => {
      log.error(`${manifestPath} can't be used`, { error })
      return null
    })
    loaded = { changedAt, bundle }
    return bundle
  }

  return {
    noteBuild(next) {
      build = next
    },
    manifest: async () => (await load())?.manifest ?? null,
    async status() {
      const bundle = await load()
      if (bundle) return { status: 'ready', version: bundle.manifest.version, message: null }
      if (build) return build
      const message = 'Machines can’t netboot yet: build the boot bundle with `npm run bundle`.'
      return { status: 'missing', version: null, message }
    },
    async chunk(sha256) {
      const piece = (await load())?.pieces.get(sha256)
      if (!piece) return null
      const body = await readPiece(join(dir, piece.name), piece.offset, piece.sizeBytes)
      return { body, sizeBytes: piece.sizeBytes }
    },
  }
}

async function readManifest(path: string): Promise<Loaded> {
  const manifest = bundleManifestSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  const pieces: Loaded['pieces'] = new Map()
  for (const { name, chunks } of manifest.files) {
    let offset = 0
    for (const { sha256, sizeBytes } of chunks) {
      pieces.set(sha256, { name, offset, sizeBytes })
      offset += sizeBytes
    }
  }
  return { manifest, pieces }
}

async function readPiece(path: string, offset: number, sizeBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path, 'r')
  try {
    const bytes = new Uint8Array(sizeBytes)
    const { bytesRead } = await file.read(bytes, 0, sizeBytes, offset)
    if (bytesRead !== sizeBytes) throw new Error(`${path} is shorter than its manifest says`)
    return bytes
  } finally {
    await file.close()
  }
}

async function modifiedAt(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs
  } catch {
    return null
  }
}
