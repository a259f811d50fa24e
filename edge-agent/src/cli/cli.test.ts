import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { joinToken, startControlPlane, type TestControlPlane } from '../../test/control-plane.ts'
import { until } from '../../test/edge.ts'
import { parseCommand } from './arguments.ts'

// Processes are started, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
let dataDir: string
let control: TestControlPlane
let running: ChildProcess | null = null
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'edge-cli-'))
  control = await startControlPlane()
})
afterEach(async () => {
  running?.kill('SIGKILL')
  await control.close()
  await rm(dataDir, { recursive: true, force: true })
})

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

const cli = (...args: string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const options = { env: { ...process.env, DRAGONFLY_EDGE_DATA: dataDir } }
    execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })

test.each([
  [['frobnicate']],
  [['join', 'https://x.example']],
  [['join', 'ftp://x.example', joinToken]],
  [['join', 'https://x.example', 'short']],
  [['run', 'now']],
  [['run', '--data', '']],
  [['--nonsense']],
])('%j is misuse, told in one line', (args) => {
  const command = parseCommand(args, { env: {}, isRoot: true, home: '/' })
  expect(command).toMatchObject({
    kind: 'misuse',
    message: expect.stringMatching(/^dragonfly-edge: [^\n]+$/),
  })
})

test('misuse is one line on stderr and exit code 2', async () => {
  const { code, stdout, stderr } = await cli('join', 'nowhere', joinToken)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^dragonfly-edge: [^\n]+\n$/)
})

test('help and version are answered', async () => {
  expect(await cli('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('join URL TOKEN') })
  expect(await cli('--version')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  })
})

test('join, run and status work from a fresh directory', async () => {
  expect((await cli('run')).stderr).toContain('join URL TOKEN')
  expect(await cli('status')).toMatchObject({ code: 1 })
  const joined = await cli('join', `${control.url}/`, joinToken)
  expect(joined.code).toBe(0)
  expect(joined.stdout).toMatch(/fingerprint \(SHA-256\): [\w-]{43}\n/)
  expect(joined.stdout).toContain(`Enrolled at site Cupboard of ${control.url}. Now: dragonfly-edge run`)
  const again = await cli('join', control.url, joinToken)
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('joined site Cupboard') })
  expect((await cli('status')).stdout).toContain('It is not running')

  const options = { env: { ...process.env, DRAGONFLY_EDGE_DATA: dataDir }, stdio: 'ignore' } as const
  const edge = spawn(process.execPath, [main, 'run'], options)
  running = edge
  await until(() => control.entries.find(({ event }) => event.type === 'edge.interfaces'), 'its interfaces')
  const status = await cli('status')
  expect(status.stdout).toContain('control plane: connected')
  expect(await cli('run')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('another one is running'),
  })
  expect(await cli('join', control.url, joinToken, '--force')).toMatchObject({ code: 1 })
  edge.kill('SIGTERM')
  const [code] = await once(edge, 'exit')
  expect(code).toBe(0)
})

test('the data directory depends on who asks, and may be named', () => {
  const host = { env: {}, isRoot: true, home: '/home/a' }
  expect(parseCommand(['run'], host)).toEqual({
    kind: 'run',
    dataDir: '/var/lib/dragonfly-edge',
    imageServers: [],
  })
  expect(parseCommand(['run'], { ...host, isRoot: false })).toMatchObject({
    dataDir: '/home/a/.dragonfly-edge',
  })
  expect(parseCommand(['run', '--data', '/d'], host)).toMatchObject({ dataDir: '/d' })
})

test('caches in front of the image server are named by the environment', () => {
  const run = (servers: string) =>
    parseCommand(['run'], { env: { DRAGONFLY_EDGE_IMAGE_SERVERS: servers }, isRoot: true, home: '/' })
  expect(run('http://10.0.0.5:8080/, http://cache.example')).toMatchObject({
    imageServers: ['http://10.0.0.5:8080', 'http://cache.example'],
  })
  for (const wrong of ['10.0.0.5', 'https://10.0.0.5', 'http://a?b', 'http://', `http://${'a'.repeat(200)}`])
    expect(run(wrong)).toMatchObject({ kind: 'misuse', message: expect.stringContaining(`“${wrong}”`) })
  expect(run(Array.from({ length: 9 }, () => 'http://a').join())).toMatchObject({ kind: 'misuse' })
})

test('leaves the site that it joined, and keeps no key of it', async () => {
  expect(await cli('leave')).toMatchObject({ code: 1, stderr: expect.stringContaining('has not joined') })
  await cli('join', control.url, joinToken)
  expect(await readdir(dataDir)).toEqual(expect.arrayContaining(['edge-key.json', 'edge-sealing-key.json']))
  expect(await cli('leave')).toMatchObject({ code: 0, stdout: expect.stringContaining('Left site Cupboard') })
  expect(control.left).toBe(true)
  expect((await readdir(dataDir)).filter((name) => name.includes('key'))).toEqual([])
  expect(await cli('run')).toMatchObject({ code: 1, stderr: expect.stringContaining('has not joined') })
})

test('leaves only by force while the control plane can’t be told', async () => {
  await cli('join', control.url, joinToken)
  await control.close()
  expect(await cli('leave')).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') })
  expect(await readdir(dataDir)).toContain('edge-key.json')
  expect(await cli('leave', '--force')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('revoke this edge in the portal'),
  })
  control = await startControlPlane()
})

test('rotates the sealing key, and keeps the old one', async () => {
  await cli('join', control.url, joinToken)
  const keys = async () =>
    JSON.parse(await readFile(join(dataDir, 'edge-sealing-key.json'), 'utf8')).keys as object[]
  const [first] = await keys()
  expect(await cli('rotate-sealing-key')).toMatchObject({ code: 0 })
  const [newest, older] = await keys()
  expect(older).toEqual(first)
  expect(newest).not.toEqual(first)
})
