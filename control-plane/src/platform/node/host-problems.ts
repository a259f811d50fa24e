import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@libsql/client'
import type { HostProblem } from '../../deps.ts'
import { databaseFile } from './data-folder.ts'

/** Below this the next migration, or the next day, is not certain. */
const leastFreeBytes = 64 * 1024 * 1024
/** Another process may write for a moment. */
const writeTries = 5
const retryMs = 100

/**
 * Looks at what the database lives on: whether its file is still the one that was opened, whether it can be written,
 * and whether the disk has room.
 */
export async function createHostProblems(dataDir: string): Promise<() => Promise<HostProblem[]>> {
  const path = join(dataDir, databaseFile)
  const { ino: opened } = await stat(path)
  return async () => {
    const file = (await checkFile(path, opened)) ?? (await checkWriting(path))
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

/** By a connection of its own: one that was refused is of no use any more. */
async function checkWriting(path: string): Promise<HostProblem | null> {
  for (let left = writeTries; ; left--) {
    const client = createClient({ url: `file:${path}` })
    try {
      // Begun and ended in one go: the server's own writing does not meet it.
      await client.batch(['select 1'], 'write')
      return null
    } catch {
      if (left === 1)
        return { check: 'database', message: 'The database can’t be written: locked, or read-only.' }
    } finally {
      client.close()
    }
    await sleep(retryMs)
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
