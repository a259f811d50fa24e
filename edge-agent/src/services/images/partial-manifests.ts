import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ImageManifest, imageManifestSchema } from '@dragonfly/schema/wire'
import { writeFileAtomically } from '../../io/atomic-file.ts'

const directoryOf = (dir: string): string => join(dir, 'partial')

/** Images of which some chunks are here: `partial/<digest>.json`. What they name is kept, and nothing is served by them. */
export async function keepPartialManifest(
  dir: string,
  digest: string,
  manifest: ImageManifest,
): Promise<void> {
  await mkdir(directoryOf(dir), { recursive: true })
  await writeFileAtomically(join(directoryOf(dir), `${digest}.json`), JSON.stringify(manifest))
}

export async function removePartialManifest(dir: string, digest: string): Promise<void> {
  await rm(join(directoryOf(dir), `${digest}.json`), { force: true })
}

/** Removes those that nobody goes on with. */
export async function removeOtherPartialManifests(dir: string, wanted: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(directoryOf(dir)).catch(() => []))
    if (!wanted.has(name.replace(/\.json$/, ''))) await rm(join(directoryOf(dir), name), { force: true })
}

/** The chunks that they name. */
export async function readPartialChunks(dir: string): Promise<Set<string>> {
  const named = new Set<string>()
  for (const name of await readdir(directoryOf(dir)).catch(() => [])) {
    const text = await readFile(join(directoryOf(dir), name), 'utf8').catch(() => '')
    for (const chunk of parseChunks(text)) if (chunk) named.add(chunk)
  }
  return named
}

function parseChunks(text: string): readonly (string | null)[] {
  try {
    return imageManifestSchema.parse(JSON.parse(text)).chunks
  } catch {
    return []
  }
}
