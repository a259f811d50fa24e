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
  /** The whole file, kept in memory until it changes; undefined for one that is too large for TFTP. */
  load: (file: BootFile) => Promise<Uint8Array | undefined>
}

/** Larger ones are kept only as long as somebody is being sent them: few machines load a ramdisk by TFTP. */
const largestKeptBytes = 16 * 1024 * 1024
const largestLoadedBytes = 256 * 1024 * 1024

interface Loaded {
  modifiedMs: number
  sizeBytes: number
  bytes: () => Promise<Uint8Array> | Uint8Array | undefined
}

export function createBootFiles(): BootFiles {
  const loaded = new Map<string, Loaded>()
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
      const { name, modifiedMs, sizeBytes } = file
      if (sizeBytes > largestLoadedBytes) return undefined
      const earlier = loaded.get(name)
      const isCurrent = earlier?.modifiedMs === modifiedMs && earlier.sizeBytes === sizeBytes
      const known = isCurrent ? await earlier.bytes() : undefined
      if (known) return known
      const reading = readFile(file.path)
      const entry: Loaded = { modifiedMs, sizeBytes, bytes: () => reading }
      loaded.set(name, entry)
      const forget = () => {
        if (loaded.get(name) === entry) loaded.delete(name)
      }
      const slim = (bytes: Uint8Array) => {
        if (sizeBytes <= largestKeptBytes) return
        const held = new WeakRef(bytes)
        entry.bytes = () => held.deref()
      }
      reading.then(slim, forget)
      return reading
    },
  }
}
