import { readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const patienceMs = 5000
const lookEveryMs = 10
/** Asks a process to leave its ports to the next one; without a handler it ends it. */
export const handOverSignal = 'SIGUSR2'

/** The ports are free: whoever waits for that may begin. */
export async function releaseTo(pidFile: string): Promise<void> {
  if (Number(await readTextOrEmpty(pidFile)) === process.pid) await rm(pidFile, { force: true })
}

/**
 * Takes over from an earlier process of the same kind, which may have outlived its parent: asks it to end, waits, and
 * writes our pid. A pid that now belongs to something else is left alone (its command line has to hold `mark`).
 */
export async function replaceEarlierProcess(pidFile: string, mark: string): Promise<void> {
  const pid = Number(await readTextOrEmpty(pidFile))
  if (Number.isInteger(pid) && pid > 1 && pid !== process.pid && (await isRunning(pid, mark))) {
    process.kill(pid, handOverSignal)
    const endMs = Date.now() + patienceMs
    const holds = async () => Number(await readTextOrEmpty(pidFile)) === pid && (await isRunning(pid, mark))
    while ((await holds()) && Date.now() < endMs) await sleep(lookEveryMs)
    if (await holds()) process.kill(pid, 'SIGKILL')
  }
  await writeFile(pidFile, String(process.pid), { mode: 0o600 })
}

async function isRunning(pid: number, mark: string): Promise<boolean> {
  return (await readTextOrEmpty(`/proc/${pid}/cmdline`)).split('\0').some((word) => word === mark)
}

async function readTextOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1')
  } catch {
    return ''
  }
}
