import { readdir, readFile } from 'node:fs/promises'

export interface FoundProcess {
  pid: number
  parent: number
  /** Its command line, word by word. */
  words: string[]
}

/** Every process that this one may see (proc(5)). Those that end meanwhile are left out. */
export async function listProcesses(): Promise<FoundProcess[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
  const found = await Promise.all(pids.map((pid) => readProcess(pid).catch(() => null)))
  return found.filter((process) => process !== null)
}

async function readProcess(pid: number): Promise<FoundProcess> {
  const [stat, commandLine] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
  ])
  // The name before it may hold spaces and brackets.
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  return { pid, parent, words: commandLine.split('\0').filter((word) => word !== '') }
}

/** Kills a process and all that it has started (SIGKILL), the parents first: none sees the end of a child. */
export async function killWithDescendants(pid: number): Promise<void> {
  const all = await listProcesses()
  for (const found of [pid, ...descendantsOf(all, pid)]) kill(found)
}

function descendantsOf(all: readonly FoundProcess[], pid: number): number[] {
  const children = all.filter(({ parent }) => parent === pid).map((found) => found.pid)
  return children.flatMap((child) => [child, ...descendantsOf(all, child)])
}

/** SIGKILL; nothing happens when it has ended already. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
