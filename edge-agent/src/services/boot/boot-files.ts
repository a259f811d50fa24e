import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type BundleFileName, bundleFileNames } from '@dragonfly/schema/wire'

export interface BootFile {
  name: BundleFileName
  path: string
  sizeBytes: number
  modifiedMs: number
}

/** The files of the boot bundle, by name. A name that no bundle has is never turned into a path. */
export interface BootFiles {
  find: (bundleDir: string, name: string) => Promise<BootFile | undefined>
  /** The whole file, kept in memory until it changes; undefined for one that is too large for that. */
  load: (file: BootFile) => Promise<Uint8Array | undefined>
}

/** TFTP is for loaders; what is larger goes by HTTP. */
const largestLoadedBytes = 16 * 1024 * 1024

export function createBootFiles(): BootFiles {
  const loaded = new Map<string, { modifiedMs: number; sizeBytes: number; bytes: Promise<Uint8Array> }>()
  return {
    find: async (bundleDir, name) => {
      const known = bundleFileNames.find((entry) => entry === name)
      if (!known) return undefined
      const path = join(bundleDir, known)
      const found = await stat(path).catch(() => undefined)
      if (!found?.isFile()) return undefined
      return { name: known, path, sizeBytes: found.size, modifiedMs: found.mtimeMs }
    },
    load: async (file) => {
      if (file.sizeBytes > largestLoadedBytes) return undefined
      const earlier = loaded.get(file.name)
      if (earlier?.modifiedMs === file.modifiedMs && earlier.sizeBytes === file.sizeBytes)
        return earlier.bytes
      const bytes = readFile(file.path)
      loaded.set(file.name, { modifiedMs: file.modifiedMs, sizeBytes: file.sizeBytes, bytes })
      bytes.catch(() => loaded.delete(file.name))
      return bytes
    },
  }
}
