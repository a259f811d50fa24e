import { readdirSync, readFileSync } from 'node:fs'

/** Seconds of CPU that a process and all its children (those of a `name`) have used. Only the kernel's 10 ms ticks are known. */
export function cpuSeconds(pid: number, name?: string): number {
  return processTree(pid, name).reduce((sum, each) => sum + ownCpuSeconds(each), 0)
}

/** Megabytes of memory of a process and all its children (those of a `name`); what they share is counted once for each. */
export function memoryMb(pid: number, name?: string): number {
  return processTree(pid, name).reduce((sum, each) => {
    const status = read(`/proc/${each}/status`)
    return sum + Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024
  }, 0)
}

const ticksPerSecond = 100

function ownCpuSeconds(pid: number): number {
  // The name may hold spaces and parentheses: the fields begin behind the last one.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond
}

function processTree(root: number, name?: string): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid)) continue
    const parent = Number(read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[1])
    children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const tree: number[] = []
  for (const waiting = [root]; waiting.length > 0; ) {
    const pid = waiting.pop()
    if (pid === undefined) break
    tree.push(pid)
    waiting.push(...(children.get(pid) ?? []))
  }
  return name === undefined ? tree : tree.filter((pid) => read(`/proc/${pid}/comm`).trim() === name)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
