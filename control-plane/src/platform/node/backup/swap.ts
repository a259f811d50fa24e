import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Holds a restore's files once all of them are good: from then on it is carried out, if need be by the next start. */
const readyFolder = 'restore-ready'
const namesFile = 'restore.json'
/** SQLite's companions of the old database: beside the new one they would damage it. */
const companions = ['dragonfly.db-wal', 'dragonfly.db-shm', 'dragonfly.db-journal']

/** The decision for a restore, in one step: a folder of its files gets its name. `keptIn`: where the old ones go. */
export async function commitRestore(dataDir: string, stagedDir: string, keptIn: string): Promise<void> {
  const plan = await open(join(stagedDir, namesFile), 'wx', 0o600)
  await plan.writeFile(JSON.stringify({ keptIn }))
  await plan.sync()
  await plan.close()
  await syncFolder(stagedDir)
  await rename(stagedDir, join(dataDir, readyFolder))
  await syncFolder(dataDir)
  await finishRestore(dataDir)
}

/**
 * Carries out a restore that was decided on; does nothing when there is none. It can be cut off anywhere and called
 * again: what was not moved in yet still lies in its folder. Only for who has claimed the folder.
 */
export async function finishRestore(dataDir: string): Promise<void> {
  const ready = join(dataDir, readyFolder)
  if (!existsSync(ready)) return
  const plan = await readFile(join(ready, namesFile), 'utf8').catch(() => null)
  if (plan !== null) {
    const kept = join(dataDir, String((JSON.parse(plan) as { keptIn: string }).keptIn))
    await mkdir(kept, { recursive: true, mode: 0o700 })
    if (existsSync(join(ready, 'dragonfly.db'))) {
      for (const name of companions) await moveAside(dataDir, kept, name)
    }
    for (const name of (await readdir(ready)).filter((name) => name !== namesFile)) {
      await moveAside(dataDir, kept, name)
      await rename(join(ready, name), join(dataDir, name))
    }
    await syncFolder(kept)
    await syncFolder(dataDir)
  }
  await rm(ready, { recursive: true })
}

async function moveAside(dataDir: string, kept: string, name: string): Promise<void> {
  const from = join(dataDir, name)
  // Kept already: what lies here by now is not the old one.
  if (existsSync(from) && !existsSync(join(kept, name))) await rename(from, join(kept, name))
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
