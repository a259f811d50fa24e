import { readFile, stat } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import { hashInlineScripts } from '../../portal.ts'
import type { Asset, Assets } from '../../ports/index.ts'
import { contentTypes } from './content-types.ts'

/** The built portal in a folder. Files are kept in memory until they change. */
export function createAssetFiles(root: string): Assets {
  const cache = new Map<string, { changedAt: number; asset: Asset }>()
  return {
    async read(path) {
      const file = normalize(join(root, path))
      if (!file.startsWith(normalize(root) + sep)) return null
      const changedAt = await modifiedAt(file)
      if (changedAt === null) return null
      const cached = cache.get(file)
      if (cached?.changedAt === changedAt) return cached.asset
      const asset = await load(file)
      cache.set(file, { changedAt, asset })
      return asset
    },
  }
}

async function modifiedAt(file: string): Promise<number | null> {
  try {
    const found = await stat(file)
    return found.isFile() ? found.mtimeMs : null
  } catch {
    return null
  }
}

async function load(file: string): Promise<Asset> {
  const body = new Uint8Array(await readFile(file))
  const extension = extname(file).toLowerCase()
  return {
    body,
    contentType: contentTypes[extension] ?? 'application/octet-stream',
    scriptHashes: extension === '.html' ? await hashInlineScripts(new TextDecoder().decode(body)) : [],
  }
}
