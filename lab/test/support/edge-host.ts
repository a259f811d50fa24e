import { copyFile, mkdir, readFile, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { waitUntil } from '../../src/api.ts'
import { runCommand } from '../../src/command.ts'
import { ensureImage } from '../../src/image/build.ts'
import { writeSeed } from '../../src/image/seed.ts'
import type { Lab, MachineRequest } from '../../src/lab.ts'
import type { Machine } from '../../src/machine.ts'
import { lan } from '../../src/network.ts'
import { repositoryRoot } from '../../src/paths.ts'

const bootTimeoutMs = 600_000
const bootMessage = /LAB-BOOT edge-host/
export const edgeEntry = '/opt/package/bin/dragonfly-edge.cjs'
export const edgeNode = '/opt/node'

/** A machine of the rack that runs Debian, with systemd, and has the offline package of dragonfly-edge in /opt. */
export interface EdgeHost {
  machine: Machine
  address: string
  /** Runs a shell command as root. @throws Error with what it said when it fails. */
  run: (command: string) => Promise<string>
  /** Waits until it has started again. `from`: place in its serial log. */
  waitForBoot: (from: number) => Promise<void>
}

/** The tarball for hosts without a registry, as `npm run edge-package` writes it. */
async function packEdge(dir: string): Promise<string> {
  const program = join(repositoryRoot, 'edge-agent/package/main.ts')
  const said = await runCommand([process.execPath, program, '--out', dir])
  const offline = said.split('\n').find((line) => line.endsWith('-linux-x64.tgz'))
  if (!offline) throw new Error(`no tarball for hosts without a registry: ${said}`)
  return offline
}

/** An ext4 image with Node, the libraries that it needs, and the package: what an administrator brings on a stick. */
async function createStick(dir: string): Promise<string> {
  const tree = join(dir, 'stick')
  await mkdir(join(tree, 'lib'), { recursive: true })
  await copyFile(await realpath(process.execPath), join(tree, 'node'))
  const libraries = await runCommand(['ldd', process.execPath])
  for (const [, path = ''] of libraries.matchAll(/=> (\/\S*lib(?:stdc\+\+|gcc_s)\.so\.\d+) /g))
    await copyFile(await realpath(path), join(tree, 'lib', basename(path)))
  await runCommand(['tar', '-C', tree, '-xzf', await packEdge(dir), '--no-same-owner'])
  await runCommand(['chmod', '-R', 'a+rX', tree])
  const image = join(dir, 'stick.raw')
  await runCommand(['truncate', '-s', '600M', image])
  await runCommand(['mkfs.ext4', '-q', '-F', '-d', tree, '-E', 'root_owner=0:0', image])
  return image
}

/** The system's own disk is as small as its image; what an edge keeps is larger. */
async function createDataDisk(dir: string): Promise<string> {
  const image = join(dir, 'data.raw')
  await runCommand(['truncate', '-s', '4G', image])
  await runCommand(['mkfs.ext4', '-q', '-F', image])
  return image
}

async function fillDisk(machine: Machine, index: number, image: string): Promise<void> {
  await runCommand(['qemu-img', 'convert', '-O', 'qcow2', image, machine.files.disks[index] ?? ''])
}

/** Starts it, and has what it needs to run an edge; nothing of the edge is set up yet. */
export async function startEdgeHost(lab: Lab, request: Partial<MachineRequest> = {}): Promise<EdgeHost> {
  const key = join(lab.state.dir, 'edge-host-key')
  await runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'root@rack', '-f', key])
  const image = join(lab.state.dir, 'edge-host.raw')
  await runCommand(['cp', '--sparse=always', (await ensureImage()).path, image])
  const publicKey = (await readFile(`${key}.pub`, 'utf8')).trim()
  await writeSeed(image, {
    'meta-data': 'instance-id: edge-host-1\nlocal-hostname: edge-host\n',
    'user-data': `#cloud-config\nhostname: edge-host\nssh_authorized_keys:\n  - ${publicKey}\n`,
  })
  const machine = await lab.addMachine('edge-host', {
    firmware: 'bios',
    firstBoot: 'disk',
    disks: ['virtio', 'virtio', 'virtio'],
    baseImage: image,
    ...request,
  })
  await fillDisk(machine, 1, await createStick(lab.state.dir))
  await fillDisk(machine, 2, await createDataDisk(lab.state.dir))
  await machine.powerOn()
  await machine.waitForSerial(bootMessage, bootTimeoutMs)
  const address = await leasedAddress(lab, machine.mac)
  const session = await openSession(lab, address, key)
  const { run } = session
  await run(`cat >> /etc/fstab << END
/dev/vdb /opt ext4 ro 0 0
/dev/vdc /var/lib/dragonfly-edge ext4 rw 0 0
END
mkdir -p /var/lib/dragonfly-edge && mount /opt && mount /var/lib/dragonfly-edge`)
  await run('cp -n /opt/lib/* /usr/lib/x86_64-linux-gnu/ && ldconfig')
  const waitForBoot = async (from: number): Promise<void> => {
    await machine.waitForSerial(bootMessage, bootTimeoutMs, from)
    await session.renew()
  }
  return { machine, address, run, waitForBoot }
}

/** One SSH connection for all commands: an emulated machine takes its time for each handshake. */
async function openSession(lab: Lab, address: string, key: string) {
  const control = join(lab.state.runDir, 'edge-host.ssh')
  const settings = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR']
  const ssh = ['ssh', '-S', control, '-i', key, ...settings.flatMap((setting) => ['-o', setting])]
  const renew = async (): Promise<void> => {
    await lab.exec('customer', [...ssh, '-O', 'exit', address])
    await lab.spawn('customer', [...ssh, '-M', '-N', `root@${address}`], { stdio: 'ignore' })
    const check = async () => (await lab.exec('customer', [...ssh, '-O', 'check', address])).exitCode === 0
    await waitUntil('an SSH connection to it', async () => (await check()) || undefined, 300_000, 500)
  }
  await renew()
  const run = async (command: string): Promise<string> => {
    const result = await lab.exec('customer', [...ssh, `root@${address}`, command])
    if (result.exitCode === 0) return result.stdout.trim()
    throw new Error(`"${command}" failed (${result.exitCode}): ${result.stderr}${result.stdout}`)
  }
  return { run, renew }
}

async function leasedAddress(lab: Lab, mac: string): Promise<string> {
  return waitUntil(
    'the DHCP server to know the machine',
    async () => {
      const lines = (await readFile(join(lab.state.dir, 'dhcp.leases'), 'utf8')).split('\n')
      return lines.map((line) => line.split(' ')).find((fields) => fields[1] === mac)?.[2]
    },
    300_000,
  )
}

const forwarder = `const [host, port] = process.argv.slice(1)
const net = require('node:net')
net.createServer((near) => {
  const far = net.connect(Number(port), host)
  near.pipe(far).pipe(near)
  near.on('error', () => far.destroy())
  far.on('error', () => near.destroy())
}).listen(Number(port), () => console.log('ready'))`

/** Lets machines of the LAN reach a service of this host, as the control plane is. Gives its address there. */
export async function forwardToHost(lab: Lab, url: string): Promise<string> {
  const { port, pathname } = new URL(url)
  const child = await lab.spawn('edge', [process.execPath, '-e', forwarder, lab.uplink.hostAddress, port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', () => reject(new Error(`no way was opened to ${url}`)))
  })
  return `http://${lan.edge}:${port}${pathname === '/' ? '' : pathname}`
}

/** True when a host of the LAN can fetch a loader by TFTP from this address. */
export async function servesTftp(lab: Lab, address: string): Promise<boolean> {
  const target = join(lab.state.dir, 'fetched')
  const fetch = ['curl', '-fsS', '--max-time', '10', '-o', target, `tftp://${address}/undionly.kpxe`]
  const result = await lab.exec('customer', fetch)
  return result.exitCode === 0
}
