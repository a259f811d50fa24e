import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { type ImageManifest, imageChunkBytes, imageManifestSchema } from '@dragonfly/schema/wire'
import canonicalize from 'canonicalize'
import { syncDirectory, writeFileAtomically } from '../../io/atomic-file.ts'
import { chunkPath, manifestPath } from './image-paths.ts'
import { readPartialChunks } from './partial-manifests.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
const shaPattern = /^[0-9a-f]{64}$/

export async function prepareImageDirectory(dir: string): Promise<void> {
  await mkdir(join(dir, 'chunks'), { recursive: true })
  await mkdir(join(dir, 'manifests'), { recursive: true })
}

export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Size of a stored chunk, compressed; null when it is not there. */
export async function storedChunkBytes(dir: string, sha256: string): Promise<number | null> {
  try {
    return (await stat(chunkPath(dir, sha256))).size
  } catch {
    return null
  }
}

/** Compresses and stores a chunk under the hash of its raw bytes; gives its stored size. */
export async function storeChunk(dir: string, sha256: string, raw: Uint8Array): Promise<number> {
  const stored = await compress(raw, { params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  await mkdir(join(dir, 'chunks', sha256.slice(0, 2)), { recursive: true })
  await writeFileAtomically(chunkPath(dir, sha256), stored)
  return stored.length
}

export async function removeChunk(dir: string, sha256: string): Promise<void> {
  await rm(chunkPath(dir, sha256), { force: true })
}

/** Whether a chunk on disk still is what its name says. */
export async function isChunkIntact(dir: string, sha256: string): Promise<boolean> {
  try {
    const raw = await decompress(await readFile(chunkPath(dir, sha256)), { maxOutputLength: imageChunkBytes })
    return sha256Hex(raw) === sha256
  } catch {
    return false
  }
}

/** Puts a damaged chunk aside, so that nobody is served it and the next import makes it anew. */
export async function quarantineChunk(dir: string, sha256: string): Promise<void> {
  const path = chunkPath(dir, sha256)
  await rename(path, `${path}.damaged`).catch(ignoreMissing)
}

/** Stores a manifest under the digest of its canonical JSON. Done last, it makes an image complete. */
export async function storeManifest(dir: string, manifest: ImageManifest): Promise<string> {
  const text = canonicalize(manifest) ?? ''
  const digest = sha256Hex(Buffer.from(text))
  await syncDirectory(join(dir, 'chunks'))
  await writeFileAtomically(manifestPath(dir, digest), text)
  return digest
}

/** Null when it is missing, or is not what its name says. */
export async function loadManifest(dir: string, digest: string): Promise<ImageManifest | null> {
  try {
    const bytes = await readFile(manifestPath(dir, digest))
    return sha256Hex(bytes) === digest ? imageManifestSchema.parse(JSON.parse(bytes.toString('utf8'))) : null
  } catch {
    return null
  }
}

export async function removeManifest(dir: string, digest: string): Promise<void> {
  await rm(manifestPath(dir, digest), { force: true })
}

/** Removes manifests not listed, and chunks that no kept manifest names, nor one of an image that is being fetched. Nothing may be importing meanwhile. */
export async function collectGarbage(
  dir: string,
  keptDigests: ReadonlySet<string>,
): Promise<{ removed: number }> {
  const named = await readPartialChunks(dir)
  let removed = 0
  for (const digest of keptDigests) {
    const manifest = await loadManifest(dir, digest)
    for (const chunk of manifest?.chunks ?? []) if (chunk) named.add(chunk)
  }
  for (const file of await readdir(join(dir, 'manifests'))) {
    if (keptDigests.has(file.replace(/\.json$/, ''))) continue
    await rm(join(dir, 'manifests', file), { force: true })
  }
  for (const prefix of await readdir(join(dir, 'chunks'))) {
    for (const file of await readdir(join(dir, 'chunks', prefix))) {
      if (shaPattern.test(file) && named.has(file)) continue
      await rm(join(dir, 'chunks', prefix, file), { force: true })
      removed++
    }
  }
  return { removed }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
