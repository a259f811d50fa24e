import { createHash } from 'node:crypto'
import { cp, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, extname, join, relative, sep } from 'node:path'
import { type LogFields, silentLog } from '@dragonfly/schema/log'
import { migrationsFolder } from '@dragonfly/schema/migrations'
import { type BundleManifest, bundleManifestSchema, type EdgeRelease } from '@dragonfly/schema/wire'
import { hashInlineScripts } from '../../portal.ts'
import { type AssetIndex, assetIndexPath, bundlePiecePath, releasePiecePath } from '../asset-index.ts'
import { contentTypes } from './content-types.ts'
import { createEdgeReleaseFiles } from './edge-release-files.ts'

/** Workers takes no larger file as an asset. */
const maxAssetBytes = 25 * 1024 * 1024

export interface AssetFolders {
  /** The built portal; may be absent, and then no page is served. */
  siteDir: string
  /** The boot bundle; may be absent, and then no machine netboots. */
  bundleDir: string
  /** Packages of dragonfly-edge; without one, edges are updated on their hosts. */
  packagesDir: string
  /** Written anew, whole or not at all. */
  outDir: string
}

/**
 * Writes what is deployed beside the Worker: the portal, the pieces of the boot bundle and of the newest package of
 * dragonfly-edge, and the index of it all.
 */
export async function writeWorkerAssets(folders: AssetFolders): Promise<AssetIndex> {
  const { siteDir, bundleDir, packagesDir, outDir } = folders
  const fresh = `${outDir}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  const index: AssetIndex = {
    migration: await readNewestMigration(),
    files: await copyPortal(siteDir, fresh),
    bundle: await copyBundle(bundleDir, fresh),
    edgeRelease: await copyEdgeRelease(packagesDir, fresh),
  }
  await writeAt(fresh, assetIndexPath, JSON.stringify(index))
  await rm(outDir, { recursive: true, force: true })
  await rename(fresh, outDir)
  return index
}

async function readNewestMigration(): Promise<AssetIndex['migration']> {
  const journal: { entries: { tag: string; when: number }[] } = JSON.parse(
    await readFile(join(migrationsFolder, 'meta/_journal.json'), 'utf8'),
  )
  const newest = journal.entries.at(-1)
  if (!newest) throw new Error('there is no migration')
  return { tag: newest.tag, when: newest.when }
}

async function copyPortal(siteDir: string, outDir: string): Promise<AssetIndex['files']> {
  const names = await filesBelow(siteDir)
  if (names.length > 0) await cp(siteDir, outDir, { recursive: true })
  const entries = names.map(async (name) => {
    const bytes = await readFile(join(siteDir, name))
    if (bytes.byteLength > maxAssetBytes) throw new Error(`${name} is too large to be an asset of a Worker`)
    const extension = extname(name).toLowerCase()
    const file = {
      contentType: contentTypes[extension] ?? 'application/octet-stream',
      scriptHashes: extension === '.html' ? await hashInlineScripts(bytes.toString('utf8')) : [],
    }
    return [`/${name}`, file] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** Paths with slashes; none when there is no such folder. */
async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

async function copyBundle(bundleDir: string, outDir: string): Promise<BundleManifest | null> {
  const text = await readFile(join(bundleDir, 'manifest.json'), 'utf8').catch(() => null)
  if (text === null) return null
  const manifest = bundleManifestSchema.parse(JSON.parse(text))
  for (const { name, chunks } of manifest.files) {
    const file = await open(join(bundleDir, name), 'r')
    try {
      let offset = 0
      for (const { sha256, sizeBytes } of chunks) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(sizeBytes), 0, sizeBytes, offset)
        const found = createHash('sha256').update(buffer).digest('hex')
        if (bytesRead !== sizeBytes || found !== sha256) {
          throw new Error(`${name} is not what its manifest says: build the bundle anew (npm run bundle)`)
        }
        await writeAt(outDir, bundlePiecePath(sha256), buffer)
        offset += sizeBytes
      }
    } finally {
      await file.close()
    }
  }
  return manifest
}

async function copyEdgeRelease(packagesDir: string, outDir: string): Promise<EdgeRelease | null> {
  const fail = (message: string, fields?: LogFields): never => {
    throw new Error(message, { cause: fields?.error })
  }
  const source = createEdgeReleaseFiles(packagesDir, { ...silentLog, error: fail })
  const release = await source.current()
  for (const { sha256 } of release?.chunks ?? []) {
    const piece = await source.chunk(sha256)
    if (!piece) throw new Error('the package of dragonfly-edge changed while it was read: try again')
    await writeAt(outDir, releasePiecePath(sha256), piece)
  }
  return release
}

async function writeAt(dir: string, path: string, data: string | Uint8Array): Promise<void> {
  const file = join(dir, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, data)
}
