import { mkdir, readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../src/api.ts'
import { runCommand, tryCommand } from '../src/command.ts'
import { ensureBundle } from '../src/deploy.ts'
import { ensureHostPackages } from '../src/host-packages.ts'
import { createLab, type Lab } from '../src/lab.ts'
import { commandOn, lan } from '../src/network.ts'
import { edgeDataDir, type Product, runEdgeAgent, startProduct } from '../src/product.ts'
import { type EdgeProcesses, findEdgeProcesses, untilAllRun } from './support/edge-processes.ts'

// Namespaces and the real programs, no machines: each process of an edge is killed, and its disk is full. The data
// directory is a file system of its own, of this size.
const diskMib = 400
/** Back-off of the first try, a start on a busy host, and some. */
const backWithinMs = 90_000
let lab: Lab
let product: Product

beforeAll(async () => {
  await ensureBundle()
  await ensureHostPackages(['busybox-static', 'curl'])
  lab = await createLab({ name: 'supervision' })
  await mkdir(edgeDataDir(lab), { recursive: true })
  await runCommand(['mount', '-t', 'tmpfs', '-o', `size=${diskMib}m`, 'tmpfs', edgeDataDir(lab)])
  product = await startProduct(lab)
  await untilAll()
})
afterAll(async () => {
  await product?.stop()
  if (lab) await tryCommand(['umount', '-l', edgeDataDir(lab)])
  await lab?.down()
})

const untilAll = (without: Partial<EdgeProcesses> = {}): Promise<EdgeProcesses> =>
  untilAllRun(lab, without, backWithinMs)

const onLan = (argv: string[]) => tryCommand(commandOn(lab.state, 'customer', argv))

/** A machine's first steps. */
async function bootsByTftp(): Promise<boolean> {
  const target = join(lab.state.dir, 'fetched')
  await rm(target, { force: true })
  const { exitCode } = await onLan(['busybox', 'tftp', '-g', '-r', 'undionly.kpxe', '-l', target, lan.edge])
  return exitCode === 0
}

async function answersHttp(port: number, path: string): Promise<boolean> {
  const { exitCode } = await onLan([
    'curl',
    '-fsS',
    '-m',
    '5',
    '-o',
    '/dev/null',
    `http://${lan.edge}:${port}${path}`,
  ])
  return exitCode === 0
}

/** The problem is told to the control plane, and taken back. */
async function untilTold(problem: string): Promise<string> {
  const find = async () => (await product.api.edges())[0]?.problems.find((one) => one.problem === problem)
  const told = await waitUntil(`${problem} in the portal`, find, backWithinMs)
  await waitUntil(`${problem} to be over`, async () => ((await find()) ? undefined : true), backWithinMs)
  return told.message
}

test('a killed image server comes back, and nobody else notices', async () => {
  const before = await untilAll()
  process.kill(before.images, 'SIGKILL')
  expect(await bootsByTftp()).toBe(true)
  expect(await untilTold('image-server-died')).toContain('signal SIGKILL')
  const after = await untilAll({ images: before.images })
  expect(after).toMatchObject({ supervisor: before.supervisor, responder: before.responder })
})

test('a killed boot responder comes back and serves', async () => {
  const before = await untilAll()
  expect(await answersHttp(6872, '/readyz')).toBe(true)
  process.kill(before.responder, 'SIGKILL')
  expect(await answersHttp(6872, '/healthz')).toBe(true)
  expect(await untilTold('boot-responder-died')).toContain('signal SIGKILL')
  const after = await untilAll({ responder: before.responder })
  expect(after).toMatchObject({ supervisor: before.supervisor, images: before.images })
  await waitUntil('TFTP again', async () => (await bootsByTftp()) || undefined, backWithinMs)
})

test('a killed supervisor leaves machines booting; the next one takes over', async () => {
  const before = await untilAll()
  process.kill(before.supervisor, 'SIGKILL')
  await waitUntil(
    'its end',
    async () => ((await answersHttp(6872, '/healthz')) ? undefined : true),
    backWithinMs,
  )
  expect(await bootsByTftp()).toBe(true)
  expect(await answersHttp(6870, '/boot/undionly.kpxe')).toBe(true)
  // What systemd does for a service.
  product.edge = await runEdgeAgent(lab)
  const after = await untilAll(before)
  expect(await bootsByTftp()).toBe(true)
  await waitUntil('the tunnel', async () => (await answersHttp(6872, '/readyz')) || undefined, backWithinMs)
  expect(after.responder).not.toBe(before.responder)
})

test('Ctrl-C, which reaches every process of a terminal, ends all of them in order', async () => {
  const before = await untilAll()
  for (const pid of Object.values(before)) process.kill(pid, 'SIGINT')
  const said = async () => (await readFile(product.edge.log, 'utf8')).trim().split('\n').at(-1) ?? ''
  await waitUntil(
    'its last word',
    async () => (await said()).includes('"Stopped."') || undefined,
    backWithinMs,
  )
  expect(await findEdgeProcesses(lab)).toEqual({})
  expect(await bootsByTftp()).toBe(false)
  product.edge = await runEdgeAgent(lab)
  await untilAll(before)
  await waitUntil('TFTP again', async () => (await bootsByTftp()) || undefined, backWithinMs)
  await waitUntil(
    'it to be ready',
    async () => (await answersHttp(6872, '/readyz')) || undefined,
    backWithinMs,
  )
})

test('with a full disk machines boot and dead processes come back; with space again the edge follows its site', async () => {
  // Told while there was room.
  const [edge] = await product.api.edges()
  expect(edge?.problems.map(({ problem }) => problem)).toContain('disk-low')
  const filler = join(edgeDataDir(lab), 'filler')
  await tryCommand(['dd', 'if=/dev/zero', `of=${filler}`, 'bs=1M', `count=${diskMib * 2}`])
  await tryCommand(['sh', '-c', `while head -c 4096 /dev/zero >> ${filler}; do :; done`])
  expect((await statfs(edgeDataDir(lab))).bavail).toBe(0)
  const before = await untilAll()
  process.kill(before.responder, 'SIGKILL')
  process.kill(before.images, 'SIGKILL')
  await untilAll({ responder: before.responder, images: before.images })
  await waitUntil('TFTP again', async () => (await bootsByTftp()) || undefined, backWithinMs)
  // A change that it can't keep, and must not die of.
  await product.api.request('PATCH', `/api/v1/edges/${product.edgeId}`, {
    interfaces: [{ name: 'eth0', mode: 'off' }],
  })
  await new Promise((resolve) => setTimeout(resolve, 5000))
  expect(() => process.kill(before.supervisor, 0)).not.toThrow()
  await rm(filler)
  await waitUntil(
    'the edge to act on the newest state',
    async () => (await product.api.edges())[0]?.upToDate || undefined,
    60_000,
  )
  await waitUntil(
    'its services to close',
    async () => ((await bootsByTftp()) ? undefined : true),
    backWithinMs,
  )
})
