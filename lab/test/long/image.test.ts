import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../src/command.ts'
import { ensureImage } from '../../src/image/build.ts'
import { writeSeed } from '../../src/image/seed.ts'
import { createLab, type Lab } from '../../src/lab.ts'
import type { Machine } from '../../src/machine.ts'
import { lan } from '../../src/network.ts'
import type { DiskBus, Firmware } from '../../src/qemu.ts'

const bootTimeoutMs = 180_000
let lab: Lab
let workDir: string
let publicKey: string

beforeAll(async () => {
  lab = await createLab({ name: 'image-test' })
  workDir = await mkdtemp(join(tmpdir(), 'dragonfly-image-test-'))
  // A comment with spaces makes YAML writers fold the key over several lines.
  const comment = 'ada lovelace, who has a long comment on her key@example.com'
  await runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', join(workDir, 'key')])
  publicKey = (await readFile(join(workDir, 'key.pub'), 'utf8')).trim()
})

afterAll(async () => {
  await lab?.down()
  await rm(workDir, { recursive: true, force: true })
})

/** Folds a key as the yaml package does. */
function foldedKey(indent: string): string {
  return publicKey.split(' ').join(`\n${indent}`)
}

function userData(hostname: string): string {
  return `#cloud-config
hostname: ${hostname}
manage_etc_hosts: true
users:
  - name: ada
    groups:
      - sudo
    sudo:
      - ALL=(ALL) NOPASSWD:ALL
    shell: /bin/bash
    ssh_authorized_keys:
      - ${foldedKey('        ')}
    lock_passwd: true
ssh_authorized_keys:
  - ${publicKey}
phone_home:
  url: http://${lan.edge}:6872/phone-home/deployment/token
  post: all
`
}

async function bootSeeded(
  hostname: string,
  firmware: Firmware,
  disk: DiskBus,
  networkConfig?: string,
): Promise<Machine> {
  const image = join(workDir, `${hostname}.raw`)
  await runCommand(['cp', '--sparse=always', (await ensureImage()).path, image])
  await writeSeed(image, {
    'meta-data': `instance-id: ${hostname}-1\nlocal-hostname: ${hostname}\n`,
    'user-data': userData(hostname),
    ...(networkConfig === undefined ? {} : { 'network-config': networkConfig }),
  })
  const machine = await lab.addMachine(hostname, {
    firmware,
    disks: [disk],
    firstBoot: 'disk',
    baseImage: image,
  })
  await machine.powerOn()
  return machine
}

/** A listener beside the edge that answers 200 and prints the body of the first POST. */
const listener = `require('node:http').createServer((request, response) => {
  let body = ''
  request.on('data', (part) => { body += part })
  request.on('end', () => { console.log(request.method + ' ' + request.url + ' ' + body); response.end(); process.exit() })
}).listen(6872)`

async function ssh(address: string, user: string, command: string): Promise<string> {
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'ConnectTimeout=20',
  ]
  const result = await lab.exec('customer', [
    ...['ssh', '-i', join(workDir, 'key'), ...options.flatMap((option) => ['-o', option])],
    ...[`${user}@${address}`, command],
  ])
  if (result.exitCode !== 0) throw new Error(`ssh ${user}@${address} failed: ${result.stderr}`)
  return result.stdout.trim()
}

async function leasedAddress(hostname: string): Promise<string> {
  const lines = (await readFile(join(lab.state.dir, 'dhcp.leases'), 'utf8')).split('\n')
  const address = lines.map((line) => line.split(' ')).find((fields) => fields[3] === hostname)?.[2]
  if (address === undefined) throw new Error(`the DHCP server leased nothing to ${hostname}`)
  return address
}

describe("the rack's operating system image", () => {
  test('boots under BIOS from a virtio disk, applies its seed, and reports in', async () => {
    const child = await lab.spawn('edge', [process.execPath, '-e', listener], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const report = new Promise<string>((resolve) =>
      child.stdout?.once('data', (part) => resolve(String(part))),
    )
    const machine = await bootSeeded('bios-1', 'bios', 'virtio')
    await machine.waitForSerial(/LAB-BOOT bios-1/, bootTimeoutMs)
    expect(await report).toMatch(
      /^POST \/phone-home\/deployment\/token hostname=bios-1&instance_id=bios-1-1&pub_key_ed25519=ssh-ed25519/,
    )
    const address = await leasedAddress('bios-1')
    expect(await ssh(address, 'ada', 'sudo id -un; hostname')).toBe('root\nbios-1')
    expect(await ssh(address, 'root', 'id -un')).toBe('root')
    await machine.remove()
  })

  test('boots under UEFI from an NVMe disk with a static address', async () => {
    const network = `version: 2
ethernets:
  lan0:
    match:
      name: en*
    addresses:
      - 10.77.0.50/24
`
    const machine = await bootSeeded('uefi-1', 'uefi', 'nvme', network)
    await machine.waitForSerial(/LAB-BOOT uefi-1/, bootTimeoutMs)
    expect(await ssh('10.77.0.50', 'ada', 'hostname')).toBe('uefi-1')
    await machine.remove()
  })
})
