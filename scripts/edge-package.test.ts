import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type RunningServer, startServer } from '../control-plane/src/platform/node/server.ts'
import { type Packed, packEdge } from '../edge-agent/package/pack.ts'
import { silentLog } from '../schema/src/log/index.ts'
import { root } from './steps.ts'

// It builds, packs, installs and starts processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let scratch: string
let packed: Packed
let control: RunningServer
const edges = new Set<ChildProcess>()
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'edge-package-test-'))
  packed = await packEdge({ outDir: join(scratch, 'packages') })
  control = await startServer({
    port: 0,
    host: '127.0.0.1',
    dataDir: join(scratch, 'control'),
    bundleDir: join(scratch, 'no-bundle'),
    siteDir: join(scratch, 'no-site'),
    log: silentLog,
  })
})
afterAll(async () => {
  for (const edge of edges) edge.kill('SIGKILL')
  await control.close()
  await rm(scratch, { recursive: true, force: true })
})

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

function run(command: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  // Nothing of the repository: neither its programs on the PATH nor npm's settings for a script of it.
  const clean = { PATH: process.env.PATH ?? '', HOME: scratch, ...env }
  return new Promise((resolve) => {
    execFile(command, args, { cwd: scratch, env: clean }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    )
  })
}

const npm = (args: string[], env: Record<string, string> = {}): Promise<Outcome> =>
  run('npm', ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error', ...args], env)

/** Joins the control plane's local site and runs until the control plane has it. */
async function joinAndRun(entry: string, name: string): Promise<void> {
  const dataDir = join(scratch, name)
  const { siteId } = await control.ensureLocalSite(null)
  const { token } = await control.createEnrolmentToken(siteId)
  const node = process.execPath
  expect(await run(node, [entry, '--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('join'),
  })
  const url = `http://127.0.0.1:${control.port}`
  const joined = await run(node, [entry, 'join', url, token, '--data', dataDir])
  expect(joined).toMatchObject({ code: 0, stdout: expect.stringContaining('Enrolled at site') })
  const before = control.connectedEdges()
  const edge = spawn(node, [entry, 'run', '--data', dataDir], {
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  edges.add(edge)
  while (control.connectedEdges() === before) {
    expect(edge.exitCode).toBeNull()
    await sleep(100)
  }
  edge.kill('SIGTERM')
  expect(await once(edge, 'exit')).toEqual([0, null])
}

test('npm’s package is small, and holds what runs and nothing else', async () => {
  const listed = (await run('tar', ['tzf', packed.plain])).stdout.trim().split('\n')
  expect(listed).toEqual(
    expect.arrayContaining([
      'package/package.json',
      'package/bin/dragonfly-edge.cjs',
      'package/dist/main.mjs',
    ]),
  )
  expect(listed.filter((name) => !/^package\/(bin|dist|LICENSE$|package\.json$)/.test(name))).toEqual([])
  expect((await readFile(packed.plain)).length).toBeLessThan(1024 * 1024)
})

test('installed by npm on a clean prefix, it joins a control plane and serves', async () => {
  const prefix = join(scratch, 'prefix')
  // The same registry and cache as whoever runs this test uses.
  const home = process.env.HOME ?? scratch
  const options: Record<string, string> = {
    npm_config_cache: join(home, '.npm'),
    npm_config_userconfig: join(home, '.npmrc'),
  }
  for (const [name, value] of Object.entries(process.env))
    if (/^npm_config_(cache|registry|userconfig|globalconfig|cafile|proxy|https_proxy|noproxy)$/i.test(name))
      options[name] = value ?? ''
  const installed = await npm(
    ['install', '-g', '--prefix', prefix, '--prefer-offline', packed.plain],
    options,
  )
  expect(installed).toMatchObject({ code: 0 })
  expect(existsSync(join(prefix, 'lib/node_modules/@dragonfly'))).toBe(false)
  await joinAndRun(join(prefix, 'bin/dragonfly-edge'), 'npm-data')
})

test('the tarball for hosts without a registry installs with npm offline', async () => {
  const prefix = join(scratch, 'offline')
  // An empty cache, and a registry that nobody serves: whatever is asked for is missing.
  const nowhere = {
    npm_config_cache: join(scratch, 'empty-cache'),
    npm_config_registry: 'http://127.0.0.1:9',
  }
  const installed = await npm(['install', '-g', '--offline', '--prefix', prefix, packed.offline], nowhere)
  expect(installed).toMatchObject({ code: 0 })
  await joinAndRun(join(prefix, 'bin/dragonfly-edge'), 'offline-data')
})

test('the same tarball runs unpacked, without npm, and finds its native libraries', async () => {
  const folder = join(scratch, 'unpacked')
  await mkdir(folder)
  expect((await run('tar', ['xzf', packed.offline, '-C', folder])).code).toBe(0)
  await joinAndRun(join(folder, 'package/bin/dragonfly-edge.cjs'), 'unpacked-data')
  const script = `require('node:module').createRequire('${folder}/package/dist/main.mjs')('koffi').load(null)`
  const koffi = await run(process.execPath, ['-e', `${script}; console.log('loaded')`])
  expect(koffi.stdout).toBe('loaded\n')
})

test('an older Node is refused in one line, with exit code 2', async () => {
  const old = await findOldNode()
  const entry = join(root, 'edge-agent/bin/dragonfly-edge.cjs')
  const { code, stdout, stderr } = await run(old.command, [...old.args, entry, '--help'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^dragonfly-edge: this is Node \d+\.\d+\.\d+, and it needs 22\.15 or newer: \S+\n$/)
})

/** The system's own where it is older than 22.15; else the entry is told so (it must then still refuse). */
async function findOldNode(): Promise<{ command: string; args: string[] }> {
  for (const command of ['/usr/bin/node', '/usr/local/bin/node']) {
    const found = await run(command, ['-p', 'process.versions.node'])
    const [major = 99, minor = 0] = found.stdout.split('.').map(Number)
    if (found.code === 0 && (major < 22 || (major === 22 && minor < 15))) return { command, args: [] }
  }
  const pretend = join(scratch, 'old.cjs')
  await writeFile(pretend, "Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } })")
  return { command: process.execPath, args: ['--require', pretend] }
}
