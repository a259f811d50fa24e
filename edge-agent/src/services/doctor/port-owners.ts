import { readdir, readFile, readlink } from 'node:fs/promises'
import { type OpenSocket, parseProcNet } from './proc-net.ts'

export interface PortOwner {
  pid: number
  name: string
  commandLine: string[]
}

/** Sockets that are open in this network namespace, IPv4 and IPv6 (which takes IPv4 too, as a rule). */
export async function listOpenSockets(protocol: 'udp' | 'tcp'): Promise<OpenSocket[]> {
  const texts = await Promise.all(
    [protocol, `${protocol}6`].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  )
  return texts.flatMap((text) => parseProcNet(text, protocol))
}

/** Who holds the sockets of these inodes, as far as this user may see. */
export async function findOwners(inodes: ReadonlySet<string>): Promise<Map<string, PortOwner>> {
  const owners = new Map<string, PortOwner>()
  if (inodes.size === 0) return owners
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    for (const inode of await socketsOf(name)) {
      if (inodes.has(inode) && !owners.has(inode)) owners.set(inode, await describeProcess(name))
    }
  }
  return owners
}

async function socketsOf(pid: string): Promise<string[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const targets = await Promise.all(
    descriptors.map((descriptor) => readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')),
  )
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [])
}

async function describeProcess(pid: string): Promise<PortOwner> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
  const [comm, commandLine] = await Promise.all([read('comm'), read('cmdline')])
  return { pid: Number(pid), name: comm.trim(), commandLine: commandLine.split('\0').filter(Boolean) }
}
