import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildDir } from './paths.ts'

/** Where one lab keeps what it knows, so that another process (or a later one) can use it or take it down. */
export interface LabState {
  name: string
  /** Distinguishes labs of the same name in different checkouts: part of every name in the host's kernel. */
  id: string
  /** machines, logs, leases, process records */
  dir: string
  /** Unix sockets, whose paths must stay short. */
  runDir: string
}

const namePattern = /^[a-z][a-z0-9-]{0,15}$/

/** @throws Error when the name cannot be part of a namespace's name. */
export function labState(name: string): LabState {
  if (!namePattern.test(name)) {
    throw new Error(`"${name}" cannot name a lab: use up to 16 small letters, digits and hyphens.`)
  }
  const dir = join(buildDir, 'lab', name)
  const id = createHash('sha256').update(dir).digest('hex').slice(0, 6)
  return { name, id, dir, runDir: `/run/dfly-${id}` }
}

/** Names in the kernel of the host. Interface names end at 15 characters. */
export function namespaceName(state: LabState, host: string): string {
  return `dfly-${state.name}-${state.id}-${host}`
}

export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Whole or not at all: another process may be waiting for it. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const draft = `${path}.${process.pid}.draft`
  await writeFile(draft, `${JSON.stringify(value, null, 2)}\n`)
  await rename(draft, path)
}

interface ProcessRecord {
  pid: number
  /** Clock ticks since the host's boot, from /proc: tells a process from a later one with the same pid. */
  startTicks: string
  what: string
}

async function startTicksOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, threads] = [fields[0], Number(fields[17])]
    // A process whose first thread has ended shows as a zombie while the others still hold its files and locks.
    return state === 'Z' && threads <= 1 ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** Remembers a process that this lab started, so that `down` ends it and nothing else. */
export async function recordProcess(state: LabState, pid: number, what: string): Promise<void> {
  const startTicks = await startTicksOf(pid)
  if (startTicks === undefined) return
  const record: ProcessRecord = { pid, startTicks, what }
  await mkdir(join(state.dir, 'processes'), { recursive: true })
  await writeJson(join(state.dir, 'processes', `${pid}.json`), record)
}

async function isSameProcess(record: ProcessRecord): Promise<boolean> {
  return (await startTicksOf(record.pid)) === record.startTicks
}

/** True while a process that this lab recorded under this pid is still that process. */
export async function isRecordedProcess(state: LabState, pid: number): Promise<boolean> {
  const record = await readJson<ProcessRecord>(join(state.dir, 'processes', `${pid}.json`))
  return record !== undefined && (await isSameProcess(record))
}

async function endProcess(record: ProcessRecord, graceMs: number): Promise<void> {
  if (!(await isSameProcess(record))) return
  process.kill(record.pid, 'SIGTERM')
  for (let waitedMs = 0; waitedMs < graceMs; waitedMs += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    if (!(await isSameProcess(record))) return
  }
  process.kill(record.pid, 'SIGKILL')
}

/** Ends one process that this lab recorded, if it still is that process. */
export async function endRecordedProcess(state: LabState, pid: number, graceMs = 5000): Promise<void> {
  const record = await readJson<ProcessRecord>(join(state.dir, 'processes', `${pid}.json`))
  if (record) await endProcess(record, graceMs)
}

/** Ends every process that this lab recorded and that still is that process. */
export async function endRecordedProcesses(state: LabState, graceMs = 5000): Promise<void> {
  const dir = join(state.dir, 'processes')
  const files = await readdir(dir).catch(() => [])
  await Promise.all(
    files.map(async (file) => {
      const record = await readJson<ProcessRecord>(join(dir, file))
      if (record) await endProcess(record, graceMs)
      await rm(join(dir, file), { force: true })
    }),
  )
}
