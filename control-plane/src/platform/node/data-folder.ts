import { existsSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { finishRestore } from './backup/swap.ts'
import { takeFileLock } from './file-lock.ts'

export const databaseFile = 'dragonfly.db'
export const secretsKeyFile = 'secrets.key'

/** What a folder of data is not fit for at the moment, in a sentence for whoever typed the command. */
export class DataFolderError extends Error {}

/** An earlier server that was told to stop may still be at it. */
const serverPatienceMs = 15_000

/**
 * Makes the folder this process's alone, until it ends or releases it, and ends a restore that was cut off.
 * Throws a DataFolderError when another server has it.
 */
export async function claimDataFolder(
  dataDir: string,
  patienceMs: number = serverPatienceMs,
): Promise<() => void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const release = await takeFileLock(join(dataDir, 'server.lock'), patienceMs)
  if (!release) {
    throw new DataFolderError(
      `another Dragonfly server runs on ${dataDir}: stop it first, or name another folder with --data`,
    )
  }
  try {
    await chmod(dataDir, 0o700).catch(() => undefined)
    await finishRestore(dataDir)
    return release
  } catch (error) {
    release()
    throw error
  }
}

export function requireDatabase(dataDir: string): string {
  const path = join(dataDir, databaseFile)
  if (existsSync(path)) return path
  throw new DataFolderError(`${dataDir} holds no database: name its folder with --data or DRAGONFLY_DATA`)
}
