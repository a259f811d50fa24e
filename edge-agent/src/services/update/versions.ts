import { mkdir, readdir, readFile, readlink, realpath, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { syncDirectory, writeFileAtomically } from '../../io/atomic-file.ts'

const requestId = z.string().max(64).nullable()

/**
 * `<data>/versions/state.json`. bin/choose-version.cjs reads and writes it too, and that of an older installation: fields
 * may be added, and none may change its meaning.
 */
const versionsStateSchema = z.object({
  /** Version of the installation that starts the others. */
  base: z.string().max(64),
  trial: z
    .object({
      /** The process on trial has it in its environment. */
      id: z.string().max(64),
      version: z.string().max(64),
      /** Folder to go back to; null is the installation itself. */
      from: z.string().max(64).nullable(),
      requestId,
      /** Why the guard ended it. */
      reason: z.string().max(1000).optional(),
    })
    .nullish(),
  /** The last update's outcome, until it is in the journal. */
  report: z
    .object({
      outcome: z.enum(['done', 'rolled-back']),
      version: z.string().max(64),
      requestId,
      message: z.string().max(1000).nullable(),
    })
    .nullish(),
  /** The last request that was tried, whatever came of it: none is tried twice. */
  requestId: requestId.optional(),
})
export type VersionsState = z.infer<typeof versionsStateSchema>

/** In the environment of the process on trial. */
export const trialVariable = 'DRAGONFLY_EDGE_TRIAL'

export const versionsDir = (dataDir: string): string => join(dataDir, 'versions')

/** Null where there never was an update, or the file can't be read. */
export async function readVersionsState(dataDir: string): Promise<VersionsState | null> {
  const text = await readFile(join(versionsDir(dataDir), 'state.json'), 'utf8').catch(() => null)
  if (text === null) return null
  try {
    return versionsStateSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

export async function writeVersionsState(dataDir: string, state: VersionsState): Promise<void> {
  await mkdir(versionsDir(dataDir), { recursive: true, mode: 0o700 })
  await writeFileAtomically(join(versionsDir(dataDir), 'state.json'), JSON.stringify(state), 0o600)
}

/** Folder that `current` names; null when the installation itself is in use. */
export async function readCurrent(dataDir: string): Promise<string | null> {
  return readlink(join(versionsDir(dataDir), 'current')).catch(() => null)
}

/** Atomically: at every moment there is an old one or a new one. */
export async function pointTo(dataDir: string, name: string): Promise<void> {
  const directory = versionsDir(dataDir)
  const next = join(directory, '.next')
  await rm(next, { force: true })
  await symlink(name, next)
  await rename(next, join(directory, 'current'))
  await syncDirectory(directory)
}

/** As if there never had been an update. */
export async function forgetVersions(dataDir: string): Promise<void> {
  for (const name of ['state.json', 'current']) await rm(join(versionsDir(dataDir), name), { force: true })
  await pruneVersions(dataDir, [])
}

/** Removes all but these. */
export async function pruneVersions(dataDir: string, keep: readonly (string | null)[]): Promise<void> {
  const directory = versionsDir(dataDir)
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory() || keep.includes(entry.name)) continue
    await rm(join(directory, entry.name), { recursive: true, force: true })
  }
}

/** What was installed by npm or from a tarball, and starts the versions that came after it. */
export interface Installation {
  version: string
}

/** Null when this process was started in another way than by bin/dragonfly-edge.cjs: then nothing would start another version. */
export async function findInstallation(script: string | undefined): Promise<Installation | null> {
  try {
    const entry = await realpath(script ?? '')
    if (basename(entry) !== 'dragonfly-edge.cjs') return null
    const text = await readFile(join(dirname(entry), '../package.json'), 'utf8')
    return z.object({ version: z.string() }).parse(JSON.parse(text))
  } catch {
    return null
  }
}
