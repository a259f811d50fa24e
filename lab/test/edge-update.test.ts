import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiClient, waitUntil } from '../src/api.ts'
import { runCommand } from '../src/command.ts'
import { ensureBundle } from '../src/deploy.ts'
import { createLab, type Lab } from '../src/lab.ts'
import { lan } from '../src/network.ts'
import { repositoryRoot } from '../src/paths.ts'
import { administrator, edgeDataDir, endChild, startControlPlane } from '../src/product.ts'

// Namespaces and packed programs, no machines: an edge that becomes another version while machines ask it to boot.
const steadyClient = fileURLToPath(new URL('./support/steady-client.ts', import.meta.url))
const bootFile = 'undionly.kpxe'
/** A ROM asks again after four seconds (PXE 2.1, section 2.2.1): with less than that it loses one packet at most. */
const bearableGapMs = 4000
let packages: string
beforeAll(async () => {
  await ensureBundle()
  packages = await mkdtemp(join(tmpdir(), 'edge-update-'))
  for (const version of ['0.9.1', '0.9.2']) await pack(version)
  // What the control plane holds for its edges.
  await mkdir(join(packages, 'held'))
  await copyFile(tarball('0.9.2'), join(packages, 'held', basename(tarball('0.9.2'))))
  process.env.DRAGONFLY_EDGE_PACKAGES_DIR = join(packages, 'held')
  await breakPackage('0.9.3', 'process.exit(7)')
  await breakPackage('0.9.4', 'for (;;);')
})
afterAll(() => rm(packages, { recursive: true, force: true }))

const tarball = (version: string): string => join(packages, `dragonfly-edge-${version}-linux-x64.tgz`)

async function pack(version: string): Promise<void> {
  const program = join(repositoryRoot, 'edge-agent/package/main.ts')
  await runCommand([process.execPath, program, '--out', packages, '--set-version', version])
}

/** One that says its version, and comes to nothing when it is run. */
async function breakPackage(version: string, statement: string): Promise<void> {
  const folder = join(packages, version)
  await unpack('0.9.2', folder)
  const manifest = join(folder, 'package/package.json')
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('"0.9.2"', `"${version}"`))
  const main = join(folder, 'package/dist/main.mjs')
  await writeFile(main, `if (process.argv.includes('run')) ${statement}\n${await readFile(main, 'utf8')}`)
  await runCommand(['tar', '-C', folder, '-czf', tarball(version), 'package'])
}

async function unpack(version: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await runCommand(['tar', '-C', folder, '-xzf', tarball(version)])
}

/** The edge as somebody without a registry has it, enrolled and serving in proxy mode. */
async function startPackedEdge(lab: Lab) {
  const installed = join(lab.state.dir, 'installed')
  await unpack('0.9.1', installed)
  const entry = join(installed, 'package/bin/dragonfly-edge.cjs')
  const controlPlane = await startControlPlane(lab)
  const api = new ApiClient(controlPlane.url)
  await api.signIn(administrator.email, administrator.password)
  const { siteId } = await api.createSite('Updates')
  const token = await api.createEnrolmentToken(siteId)
  const env = { ...process.env, DRAGONFLY_EDGE_DATA: edgeDataDir(lab), DRAGONFLY_EDGE_TRIAL_MS: '15000' }
  const run = (...args: string[]) => lab.exec('edge', [process.execPath, entry, ...args], { env })
  expect(await run('join', controlPlane.url, token)).toMatchObject({ exitCode: 0 })
  const log = openSync(join(lab.state.dir, 'edge.log'), 'a')
  const child = await lab.spawn('edge', [process.execPath, entry, 'run'], {
    stdio: ['ignore', log, log],
    env,
  })
  closeSync(log)
  const edge = await waitUntil(
    'the edge',
    async () => (await api.edges()).find(({ status }) => status === 'online'),
    60_000,
  )
  await waitUntil(
    'its interfaces',
    async () => (await api.edges())[0]?.interfaces.find(({ name }) => name === 'eth0'),
    30_000,
  )
  await api.serveNetboot(edge.edgeId, 'eth0')
  await waitUntil('the bundle', async () => (await api.edges())[0]?.bundleVersion ?? undefined, 120_000)
  const status = async () => JSON.parse((await run('status', '--json')).stdout)
  await waitUntil(
    'it to serve',
    async () => ((await status()).health?.ok && (await status()).serving.length > 0) || undefined,
    30_000,
  )
  return { api, controlPlane, child, run, status }
}

/** What the machines of the site saw meanwhile. */
async function whileAsking(lab: Lab, work: () => Promise<void>) {
  const client = await lab.spawn(
    'customer',
    [process.execPath, steadyClient, lan.edge, bootFile, lan.customer],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let said = ''
  client.stdout?.on('data', (part) => {
    said += String(part)
  })
  if (client.stdout) await once(client.stdout, 'data')
  await new Promise((resolve) => setTimeout(resolve, 1000))
  await work()
  await new Promise((resolve) => setTimeout(resolve, 2000))
  client.kill('SIGTERM')
  await once(client, 'close')
  const seen = JSON.parse(said.split('\n')[1] ?? '')
  console.log('seen by machines', JSON.stringify(seen.dhcp), JSON.stringify(seen.tftp))
  return seen
}

test('a new version takes over, broken ones are undone, and machines boot all the while', async () => {
  await using lab = await createLab({ name: 'update-test' })
  const { api, controlPlane, child, run, status } = await startPackedEdge(lab)
  expect(await status()).toMatchObject({ version: '0.9.1' })
  const held = await readFile(join(edgeDataDir(lab), 'bundles', (await status()).bundle, bootFile))
  const whole = createHash('sha256').update(held).digest('hex')
  const expectServed = (seen: Awaited<ReturnType<typeof whileAsking>>) => {
    expect(seen.dhcp.answered).toBeGreaterThan(0)
    expect(seen.dhcp.longestGapMs).toBeLessThan(bearableGapMs)
    expect(seen.tftp.longestGapMs).toBeLessThan(bearableGapMs)
    expect(seen.transfers.broken).toEqual([])
    expect(new Set(seen.transfers.whole)).toEqual(new Set([whole]))
  }

  const updated = await whileAsking(lab, async () => {
    const path = `/api/v1/edges/${(await api.edges())[0]?.edgeId}/update`
    const asked = await api.request<{ update: object }>('POST', path)
    expect(asked.update).toEqual({ available: '0.9.2', wanted: '0.9.2', askedAt: expect.any(Number) })
    await waitUntil(
      'the portal to show that it is done',
      async () => {
        const [edge] = await api.edges()
        expect(edge?.problems.filter(({ problem }) => problem.startsWith('update'))).toEqual([])
        return (edge?.version === '0.9.2' && edge.status === 'online') || undefined
      },
      60_000,
    )
    await waitUntil(
      'the trial to be over',
      async () => (await status()).update?.last?.outcome === 'done' || undefined,
      30_000,
    )
  })
  expectServed(updated)
  expect(await status()).toMatchObject({ version: '0.9.2', tunnel: { kind: 'connected' } })
  await waitUntil(
    'the portal to show it',
    async () => (await api.edges()).find(({ version }) => version === '0.9.2'),
    30_000,
  )

  // It hangs: the guard ends it. Nobody but the guard starts it again here.
  const hung = await whileAsking(lab, async () => {
    const outcome = await run('update', '--from', tarball('0.9.4'))
    expect(outcome).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('0.9.2 runs again') })
  })
  expectServed(hung)
  const problems = await waitUntil(
    'the portal to show that it was undone',
    async () => (await api.edges())[0]?.problems.filter(({ problem }) => problem === 'update-rolled-back')[0],
    60_000,
  )
  expect(problems.message).toContain('The update to version 0.9.4 was undone, and version 0.9.2 runs again')

  // It dies at once.
  const died = await whileAsking(lab, async () => {
    expect(await run('update', '--from', tarball('0.9.3'))).toMatchObject({ exitCode: 1 })
  })
  expectServed(died)
  expect(await status()).toMatchObject({ version: '0.9.2', update: { last: { version: '0.9.3' } } })

  const garbage = join(lab.state.dir, 'garbage.tgz')
  await writeFile(garbage, 'no tarball')
  expect(await run('update', '--from', garbage)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('can’t be unpacked'),
  })
  await endChild(child, 'SIGTERM')
  await controlPlane.stop()
})
