import { readdir, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { HostInterface } from '@dragonfly/schema/wire'
import { type Finding, note, ok, problem, warning } from './finding.ts'

const gib = 1024 ** 3
const leastFreeBytes = 1 * gib
const comfortableFreeBytes = 10 * gib

export function checkInterfaces(all: readonly HostInterface[]): Finding[] {
  const addressed = all.filter(({ address }) => address !== null)
  const down = all.filter(({ up }) => !up).map(({ name }) => name)
  const findings: Finding[] = [
    addressed.length > 0
      ? ok(
          'interfaces',
          addressed.map(({ name, address, prefixLength }) => `${name} ${address}/${prefixLength}`).join(', '),
        )
      : problem(
          'interfaces',
          'No interface has an IPv4 address.',
          'Give the interface on the machines’ LAN a fixed IPv4 address.',
        ),
  ]
  if (down.length > 0) findings.push(note('interfaces', `Without a link: ${down.join(', ')}.`))
  return findings
}

/** Several LANs on one host are told apart by sockets that are bound to a device. */
export function checkDeviceSockets(isPresent: boolean, all: readonly HostInterface[]): Finding {
  if (isPresent) return ok('koffi', 'The native library koffi is there: several LANs are told apart.')
  const addressed = all.filter(({ address }) => address !== null).length
  const message = 'The native library koffi is missing: LANs of one host can’t be told apart.'
  if (addressed < 2) return note('koffi', `${message} With one LAN that is no harm.`)
  return warning(
    'koffi',
    message,
    'Install dragonfly-edge again with its optional dependencies ("npm install koffi").',
  )
}

export async function checkDisk(dataDir: string): Promise<Finding> {
  const directory = await nearestDirectory(resolve(dataDir))
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  const text = `${(free / gib).toFixed(1)} GiB are free for ${dataDir}.`
  if (free >= comfortableFreeBytes) return ok('disk', text)
  const remedy =
    'Free some space, or keep the data elsewhere with --data: images of operating systems take gigabytes.'
  return free < leastFreeBytes ? problem('disk', text, remedy) : warning('disk', text, remedy)
}

async function nearestDirectory(path: string): Promise<string> {
  const isThere = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  return isThere || path === '/' ? path : nearestDirectory(dirname(path))
}

/** `hasJoined`: before that there cannot be one. */
export async function checkBundle(dataDir: string, hasJoined: boolean): Promise<Finding> {
  const versions = await readdir(join(dataDir, 'bundles')).catch(() => [])
  const whole = versions.filter((name) => !name.startsWith('.'))
  if (whole.length > 0) return ok('bundle', `The boot bundle is there (${whole.join(', ')}).`)
  if (!hasJoined) return note('bundle', 'There is no boot bundle yet: it comes after join.')
  return warning(
    'bundle',
    'There is no boot bundle yet, so machines can’t start a ramdisk.',
    'Let the edge run while the control plane is connected, and build the bundle there if the portal says that it is missing.',
  )
}
