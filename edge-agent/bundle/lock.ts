import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Progress } from './apt.ts'

/** Runs `work` while no other process does. A lock whose owner is gone is taken over. */
export async function withLock<T>(
  directory: string,
  onProgress: Progress,
  work: () => Promise<T>,
): Promise<T> {
  let announced = false
  while (!(await tryLock(directory))) {
    if (!announced) onProgress('Boot bundle: another build is running; waiting for it')
    announced = true
    await sleep(500)
  }
  try {
    return await work()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function tryLock(directory: string): Promise<boolean> {
  try {
    await mkdir(directory)
    await writeFile(join(directory, 'pid'), String(process.pid))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const owner = Number(await readFile(join(directory, 'pid'), 'utf8').catch(() => ''))
  // no pid yet: the owner is between mkdir and write, or died there; the next look tells
  if (owner === 0) await sleep(500)
  const confirmed = Number(await readFile(join(directory, 'pid'), 'utf8').catch(() => ''))
  if (confirmed === owner && !isAlive(owner)) await rm(directory, { recursive: true, force: true })
  return false
}

function isAlive(pid: number): boolean {
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
