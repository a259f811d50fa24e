import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostProblem } from '../../deps.ts'
import { databaseFile } from './data-folder.ts'

/** Below this the next migration, or the next day, is not certain. */
const leastFreeBytes = 64 * 1024 * 1024

/**
 * Looks at what the database lives on: whether its file is still the one that was opened, whether it can be written,
 * and whether the disk has room.
 */
export async function createHostProblems(
  dataDir: string,
  /** Rejects when nothing can be written. */
  tryWriting: () => Promise<void>,
): Promise<() => Promise<HostProblem[]>> {
  const path = join(dataDir, databaseFile)
  const { ino: opened } = await stat(path)
  return async () => {
    const file = (await checkFile(path, opened)) ?? (await checkWriting(tryWriting))
    return [file, await checkDisk(dataDir)].filter((problem) => problem !== null)
  }
}

async function checkFile(path: string, opened: number): Promise<HostProblem | null> {
  const ino = await stat(path).then(
    (found) => found.ino,
    () => null,
  )
  if (ino === opened) return null
  const what = ino === null ? 'is gone' : 'was replaced'
  return {
    check: 'database',
    message: `The database’s file ${what} while this server had it open: restart the server, or what it writes is lost.`,
  }
}

async function checkWriting(tryWriting: () => Promise<void>): Promise<HostProblem | null> {
  try {
    await tryWriting()
    return null
  } catch {
    return { check: 'database', message: 'The database can’t be written: locked, or read-only.' }
  }
}

async function checkDisk(dataDir: string): Promise<HostProblem | null> {
  const { bavail, bsize } = await statfs(dataDir)
  const freeBytes = bavail * bsize
  if (freeBytes >= leastFreeBytes) return null
  return {
    check: 'disk',
    message: `Only ${Math.floor(freeBytes / 1_000_000)} MB are free where the data is: make room.`,
  }
}
