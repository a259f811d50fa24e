import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { runCommand, tryCommand } from '../src/command.ts'
import { ensureHostPackages } from '../src/host-packages.ts'

// One edge with two NICs, and on each LAN a client that was written by others: BusyBox's udhcpc.

const responder = fileURLToPath(new URL('../../edge-agent/src/services/boot/main.ts', import.meta.url))
const id = `dfly2-${process.pid}`
const hosts = { edge: `${id}-edge`, lanA: `${id}-a`, lanB: `${id}-b`, squatter: `${id}-s` }
let dir: string
let running: ChildProcess | undefined
let version = 0

beforeAll(async () => {
  await ensureHostPackages(['iproute2', 'busybox-static'])
  dir = await mkdtemp(join(tmpdir(), 'dragonfly-lans-'))
  await writeFile(join(dir, 'lease.sh'), '#!/bin/sh\n[ "$1" = bound ] && env > "$LEASE_FILE"\nexit 0\n', {
    mode: 0o755,
  })
  for (const host of Object.values(hosts)) await runCommand(['ip', 'netns', 'add', host])
  const { edge, lanA, lanB, squatter } = hosts
  await batch([
    // LAN A is a bridge in the client's namespace: the client, the edge, and one more host are on it.
    `link add eth0 netns ${edge} type veth peer name to-edge netns ${lanA}`,
    `link add eth0 netns ${squatter} type veth peer name to-other netns ${lanA}`,
    `link add eth1 netns ${edge} type veth peer name eth0 netns ${lanB}`,
  ])
  await batchIn(lanA, [
    'link add eth0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
    'link set to-edge master eth0 up',
    'link set to-other master eth0 up',
    'link set eth0 up',
  ])
  for (const host of [lanB, squatter]) await batchIn(host, ['link set eth0 up'])
  await batchIn(edge, ['link set lo up', 'link set eth0 up', 'link set eth1 up'])
})

afterAll(async () => {
  await stopResponder()
  for (const host of Object.values(hosts)) await tryCommand(['ip', 'netns', 'del', host])
  await rm(dir, { recursive: true, force: true })
})

async function batch(lines: string[]): Promise<void> {
  await runCommand(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

async function batchIn(host: string, lines: string[]): Promise<void> {
  await runCommand(['ip', '-n', host, '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

async function stopResponder(): Promise<void> {
  const ending = running
  running = undefined
  if (!ending || ending.exitCode !== null) return
  const ended = new Promise((resolve) => ending.once('exit', resolve))
  ending.kill('SIGTERM')
  await ended
}

/** Starts the boot responder on both NICs, giving out `.first` to `.last` on each. */
async function serve(eth0: string, eth1: string, range: [string, string][]): Promise<void> {
  await stopResponder()
  await batchIn(hosts.edge, ['addr flush dev eth0', 'addr flush dev eth1'])
  await batchIn(hosts.edge, [`addr add ${eth0}/24 dev eth0`, `addr add ${eth1}/24 dev eth1`])
  const interfaces = [eth0, eth1].map((address, index) => ({
    name: `eth${index}`,
    address,
    prefixLength: 24,
    mode: 'full',
    dhcp: {
      firstAddress: range[index]?.[0],
      lastAddress: range[index]?.[1],
      gateway: null,
      dnsServers: ['9.9.9.9'],
      ntpServers: [],
      domain: 'lab.example',
      leaseSeconds: 600,
      clients: 'everyone',
      relayed: [],
    },
  }))
  version++
  const view = {
    generation: 'test',
    version,
    interfaces,
    unknownMachines: 'discover',
    bundleDir: dir,
    bundleReady: false,
    bootTokenKey: 'A'.repeat(43),
    machines: [],
    discoveredMacs: [],
  }
  const state = join(dir, `view-${version}`, 'view.json')
  await runCommand(['mkdir', '-p', join(dir, `view-${version}`)])
  await writeFile(state, JSON.stringify(view))
  const inEdge = ['ip', 'netns', 'exec', hosts.edge]
  const [program = '', ...args] = [...inEdge, process.execPath, responder, '--state', state]
  const child = spawn(program, args)
  running = child
  let said = ''
  child.stdout.on('data', (bytes) => {
    said += String(bytes)
  })
  child.stderr.pipe(process.stderr)
  await waitUntil('the boot responder', async () => (said.includes('"ready"') ? true : undefined), 30_000)
  expect(said).not.toContain('"problem"')
}

/** What udhcpc was given: `ip`, `serverid`, `lease`, `dns`, `domain`. */
async function lease(host: string): Promise<Record<string, string>> {
  const file = join(dir, `lease-${host}`)
  await rm(file, { force: true })
  const client = ['busybox', 'udhcpc', '-f', '-q', '-n', '-t', '5', '-T', '2', '-i', 'eth0']
  await runCommand(
    ['ip', 'netns', 'exec', host, 'env', `LEASE_FILE=${file}`, ...client, '-s', join(dir, 'lease.sh')],
    {},
  )
  const lines = (await readFile(file, 'utf8')).split('\n')
  return Object.fromEntries(lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]))
}

test('a client on each of two LANs gets an address of its own, from the edge’s address there', async () => {
  await serve('10.91.0.1', '10.92.0.1', [
    ['10.91.0.10', '10.91.0.19'],
    ['10.92.0.10', '10.92.0.19'],
  ])
  const a = await lease(hosts.lanA)
  expect(a).toMatchObject({ serverid: '10.91.0.1', subnet: '255.255.255.0', lease: '600', dns: '9.9.9.9' })
  expect(a.ip).toMatch(/^10\.91\.0\.1\d$/)
  const b = await lease(hosts.lanB)
  expect(b).toMatchObject({ serverid: '10.92.0.1', domain: 'lab.example' })
  expect(b.ip).toMatch(/^10\.92\.0\.1\d$/)
  expect((await lease(hosts.lanA)).ip).toBe(a.ip)
})

test('two NICs in one subnet are told apart, too', async () => {
  await serve('10.93.0.1', '10.93.0.2', [
    ['10.93.0.10', '10.93.0.19'],
    ['10.93.0.20', '10.93.0.29'],
  ])
  const [a, b] = [await lease(hosts.lanA), await lease(hosts.lanB)]
  expect(a.serverid).toBe('10.93.0.1')
  expect(a.ip).toMatch(/^10\.93\.0\.1\d$/)
  expect(b.serverid).toBe('10.93.0.2')
  expect(b.ip).toMatch(/^10\.93\.0\.2\d$/)
})

test('an address that somebody uses without asking is given to nobody', async () => {
  await batchIn(hosts.squatter, ['addr add 10.94.0.10/24 dev eth0'])
  await serve('10.94.0.1', '10.95.0.1', [
    ['10.94.0.10', '10.94.0.11'],
    ['10.95.0.10', '10.95.0.11'],
  ])
  expect((await lease(hosts.lanA)).ip).toBe('10.94.0.11')
})
