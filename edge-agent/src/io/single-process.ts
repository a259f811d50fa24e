import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const patienceMs = 5000

/**
 * Takes over from an earlier process of the same kind, which may have outlived its parent: asks it to end, waits, and
 * writes our pid. A pid that now belongs to something else is left alone (its command line has to hold `mark`).
 */
export async function replaceEarlierProcess(pidFile: string, mark: string): Promise<void> {
  const pid = Number(await readTextOrEmpty(pidFile))
  if (Number.isInteger(pid) && pid > 1 && pid !== process.pid && (await isRunning(pid, mark))) {
    process.kill(pid, 'SIGTERM')
    const endMs = Date.now() + patienceMs
    while ((await isRunning(pid, mark)) && Date.now() < endMs) await sleep(50)
    if (await isRunning(pid, mark)) process.kill(pid, 'SIGKILL')
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
