import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sealFor, verifySealingKey } from '@dragonfly/schema/sealing'
import { revocationType, type SealingRecipient, signerLinkType } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { joinToken, startControlPlane } from '../../test/control-plane.ts'
import { type EdgeUnderTest, loopback, startEdgeUnderTest, until } from '../../test/edge.ts'
import { createSigner, makeDeployment, makeMachine, type Signer } from '../../test/site.ts'
import { trustedKeys } from './deployments/orders.ts'
import { loadEdgeKey } from './edge-key.ts'
import { joinSite } from './join.ts'
import { explainRevoked } from './revocation.ts'
import { rotateSealingKey } from './rotate.ts'
import { loadSealingKeys } from './sealing-keys.ts'
import { loadIdentity } from './store/identity.ts'

// Processes are started, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let site: EdgeUnderTest
beforeEach(async () => {
  site = await startEdgeUnderTest()
})
afterEach(() => site.close())

const mac = '52:54:00:00:00:77'
const netboot = (seconds: number) =>
  site.edge.handleBootEvent({
    kind: 'dhcp',
    atMs: seconds,
    mac,
    architectures: [7],
    isIpxe: false,
    answer: { kind: 'answered' },
  })

describe('joining', () => {
  test('keeps the key to itself, and is refused twice', async () => {
    const mode = (await stat(join(site.dataDir, 'edge-key.json'))).mode & 0o777
    expect(mode).toBe(0o600)
    const sealingMode = (await stat(join(site.dataDir, 'edge-sealing-key.json'))).mode & 0o777
    expect(sealingMode).toBe(0o600)
    const again = { url: site.control.url, token: joinToken, dataDir: site.dataDir }
    expect(await joinSite({ ...again, force: false }, Date.now)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('--force'),
    })
    expect(await joinSite({ ...again, force: true }, Date.now)).toEqual({
      kind: 'refused',
      message: 'This join token was used already.',
    })
  })

  test('an unknown token and a wrong address are told apart', async () => {
    const other = await startControlPlane()
    const dataDir = join(site.dataDir, 'other')
    const options = { url: other.url, token: 'an-unknown-token-x', dataDir, force: false }
    expect(await joinSite(options, Date.now)).toMatchObject({ message: 'This join token is not known.' })
    await other.close()
    expect(await joinSite(options, Date.now)).toMatchObject({
      message: expect.stringContaining('could not be reached'),
    })
  })
})

describe('the sealing key', () => {
  const hello = () =>
    site.control.frames.findLast((frame) => frame.type === 'hello') as { sealingKey?: string } | undefined

  test('is signed by the identity key, named at every hello, and stays over a restart', async () => {
    const first = await until(hello, 'a hello')
    const identity = await loadEdgeKey(site.dataDir)
    if (!identity) throw new Error('it has joined')
    expect(await verifySealingKey(first.sealingKey ?? '', identity.publicJwk)).toMatchObject({ kind: 'ok' })
    expect(site.control.enrolled?.sealingKey).toBe(first.sealingKey)
    site.control.frames.length = 0
    await site.restart()
    expect((await until(hello, 'another hello')).sealingKey).toBe(first.sealingKey)
  })

  test('is made by an edge that had none before it was updated', async () => {
    await site.edge.stop()
    await rm(join(site.dataDir, 'edge-sealing-key.json'))
    site.control.frames.length = 0
    await site.restart()
    expect((await until(hello, 'a hello')).sealingKey).toMatch(/^ey/)
  })
})

describe('rotated sealing keys', () => {
  const address = '127.0.0.1'
  const password = 'zebra-quartz-9041'
  const keysHeld = async () => (await loadSealingKeys(site.dataDir))?.length

  test('stay until nothing is sealed to them, and no clear text is left anywhere', async () => {
    const before = await loadSealingKeys(site.dataDir)
    if (!before) throw new Error('it has joined')
    const typed = { siteId: 'site-1', machineId: 'machine-1', address, username: 'ADMIN', password }
    const sealed = await sealFor({ format: 1, ...typed }, before)
    await rotateSealingKey(site.dataDir, Date.now())
    site.control.frames.length = 0
    await site.restart()
    const hello = await until(() => site.control.frames.find(({ type }) => type === 'hello'), 'a hello')
    const identity = await loadEdgeKey(site.dataDir)
    if (hello.type !== 'hello' || !hello.sealingKey || !identity) throw new Error('a hello names the key')
    const sealingKeys: SealingRecipient[] = [
      { kind: 'edge', edgeId: 'edge-1', publicKey: identity.publicJwk, sealingKey: hello.sealingKey },
    ]
    const bmc = { address, port: null, protocol: 'auto' as const, mac: null, credentials: sealed }
    site.control.setState({ version: 10, sealingKeys, machines: [makeMachine({ bmc })] })
    await until(
      () => site.control.frames.some((frame) => frame.type === 'state-applied' && frame.version === 10),
      'the state with the credentials',
    )
    expect(await keysHeld()).toBe(2)
    const files = await readdir(site.dataDir, { recursive: true, withFileTypes: true })
    const plain = files.filter((file) => file.isFile())
    const bytes = await Promise.all(plain.map((file) => readFile(join(file.parentPath, file.name), 'latin1')))
    const kept = bytes.join()
    expect(kept).toContain(sealed.ciphertext.slice(0, 40))
    const told = JSON.stringify([site.control.frames, site.warnings, site.edge.status()])
    for (const text of [kept, told]) expect(text).not.toContain(password)
    site.control.setState({ version: 11, sealingKeys, machines: [makeMachine()] })
    await until(async () => (await keysHeld()) === 1, 'the old key to go')
  })
})

describe('signer keys that follow each other', () => {
  const [second, third] = [createSigner('k2'), createSigner('k3')]
  const link = (from: Signer, to: Signer, forgetsEarlier = false) =>
    from.sign({ ...to.key, iat: 1_700_000_000, forgetsEarlier }, signerLinkType)
  const pinned = async () => (await loadIdentity(site.database))?.signerKeys.map(({ kid }) => kid)
  const applied = (version: number) =>
    site.control.frames.some((frame) => frame.type === 'state-applied' && frame.version === version)

  test('are learnt by an edge that was away while two of them came, and stay known', async () => {
    const { signer } = site.control
    await site.edge.stop()
    const signerLinks = [await link(signer, second), await link(second, third)]
    site.control.setState({ version: 10, signerKeys: [third.key, second.key], signerLinks })
    await site.restart()
    await until(async () => (await pinned())?.includes('k3'), 'the third key')
    await site.restart()
    expect(await pinned()).toEqual(['k1', 'k2', 'k3'])
    // What they sign is acted on.
    const [machine, other] = [makeMachine(), makeMachine({ machineId: 'machine-2', macs: [mac] })]
    const ids = (deploymentId: string) => ({ order: { deploymentId }, deployment: { deploymentId } })
    const deployments = [
      await makeDeployment(third, machine, ids('deployment-1')),
      await makeDeployment(createSigner('x'), other, ids('deployment-2')),
    ]
    site.control.setState({ version: 11, machines: [machine, other], deployments })
    const failed = await site.event('deployment.failed')
    expect(failed).toMatchObject({ deploymentId: 'deployment-2', reason: 'unknown-signer' })
    expect(site.edge.status().deployments).toEqual({ armed: 1, failed: 1 })
  })

  test('are not a stranger’s', async () => {
    const stranger = createSigner('x')
    const signerLinks = [await link(stranger, second)]
    site.control.setState({ version: 10, signerKeys: [second.key], signerLinks })
    await until(() => applied(10), 'the state')
    expect(await pinned()).toEqual(['k1'])
  })

  test('are the earlier ones again when the control plane was restored from before', async () => {
    const { signer } = site.control
    site.control.setState({
      version: 10,
      signerKeys: [second.key],
      signerLinks: [await link(signer, second)],
    })
    await until(() => applied(10), 'the state')
    const restored = { generation: 'restored', signerKeys: [signer.key], signerLinks: [] }
    site.control.setState({ version: 2, ...restored })
    await until(() => applied(2), 'the restored state')
    const identity = await loadIdentity(site.database)
    if (!identity) throw new Error('it has joined')
    expect(trustedKeys(identity, site.edge.siteState()).map(({ kid }) => kid)).toEqual(['k1'])
    // And followed by others than before.
    site.control.setState({
      version: 3,
      ...restored,
      signerKeys: [third.key],
      signerLinks: [await link(signer, third)],
    })
    await until(async () => (await pinned())?.includes('k3'), 'the other key')
  })

  test('are forgotten for good when they may have been stolen', async () => {
    const { signer } = site.control
    const signerLinks = [await link(signer, second, true)]
    site.control.setState({ version: 10, signerKeys: [second.key], signerLinks })
    await until(async () => (await pinned())?.join() === 'k2', 'the new key')
    site.control.setState({
      version: 11,
      signerKeys: [signer.key, third.key],
      signerLinks: [await link(signer, third)],
    })
    await until(() => applied(11), 'the state')
    expect(await pinned()).toEqual(['k2'])
  })
})

describe('a revoked edge', () => {
  const revoke = async (signer: Signer, edgeId = 'edge-1') => {
    site.control.revocation = await signer.sign({ edgeId, revokedAt: 1_800_000_000_000 }, revocationType)
    const { connections } = site.control
    site.control.drop()
    return connections
  }
  const serve = async () => {
    const machine = makeMachine({ macs: [mac] })
    const deployments = [await makeDeployment(site.control.signer, machine)]
    const interfaces = [{ name: loopback.name, mode: 'proxy' as const }]
    site.control.setState({ interfaces, machines: [machine], deployments })
    await until(() => site.edge.agentPort(), 'the port')
    await until(() => site.edge.status().deployments.armed === 1, 'the deployment')
  }

  test('stops serving, gives its deployments up without a word, and forgets its keys', async () => {
    await serve()
    const told = () => site.control.entries.filter(({ event }) => event.type.startsWith('deployment.'))
    const before = told().length
    await revoke(site.control.signer)
    await until(() => site.edge.status().tunnel.kind === 'revoked', 'the revocation')
    await until(() => explainRevoked(site.database), 'the note on disk')
    expect(site.edge.agentPort()).toBeNull()
    expect(site.edge.status()).toMatchObject({ state: null, serving: [], deployments: {} })
    expect(await readdir(site.dataDir)).not.toContain('edge-sealing-key.json')
    for (const table of ['site_state', 'deployments'])
      expect(await site.database.rows(`SELECT * FROM ${table}`)).toEqual([])
    expect(told()).toHaveLength(before)
    expect(site.warnings.join()).toContain('revoked in the portal')
  })

  test('is one only when its control plane signed so', async () => {
    await serve()
    await revoke(createSigner('k1'))
    await until(() => site.edge.status().tunnel.kind === 'refused', 'the refusal')
    await revoke(site.control.signer, 'edge-2')
    site.control.revocation = null
    await until(() => site.edge.status().tunnel.kind === 'connected', 'the connection')
    expect(site.edge.status()).toMatchObject({ deployments: { armed: 1 }, serving: [{ name: 'lo' }] })
  })
})

describe('the journal', () => {
  test('arrives once and in order over dropped connections and lost acknowledgements', async () => {
    site.control.setState({ machines: [makeMachine({ macs: [mac] })] })
    await site.event('edge.interfaces')
    site.control.acknowledging = false
    for (let boot = 0; boot < 20; boot++) {
      site.clock.aheadMs += 200_000
      await netboot(boot)
      if (boot % 5 !== 2) continue
      const { connections } = site.control
      site.control.drop()
      await until(() => site.control.connections > connections, 'a new connection')
    }
    site.control.acknowledging = true
    site.control.drop()
    await until(() => site.edge.status().journal.entries === 0, 'an empty journal')
    const seqs = site.control.entries.map((entry) => entry.seq)
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    expect(site.control.entries.filter(({ event }) => event.type === 'machine.netboot')).toHaveLength(20)
    expect(site.control.connections).toBeGreaterThan(3)
  })

  test('waits on disk while nothing can be delivered', async () => {
    await site.event('edge.interfaces')
    site.control.greeting = { type: 'incompatible', reason: 'edge-too-old', message: 'Update this edge.' }
    site.control.drop()
    await until(() => site.edge.status().tunnel.kind === 'incompatible', 'the refusal')
    expect(site.edge.status().tunnel).toMatchObject({ message: 'Update this edge.' })
    await netboot(1)
    await site.restart()
    site.control.greeting = null
    expect(await site.event('machine.netboot')).toMatchObject({ mac, machineId: null, decision: 'discover' })
  })
})

describe('the desired state', () => {
  const version = () => site.edge.status().state?.version

  test('is taken when it is newer, kept over a restart, and confirmed', async () => {
    site.control.setState({ siteName: 'Attic' })
    await until(() => version() === 2, 'version 2')
    await until(
      () => site.control.frames.find((frame) => frame.type === 'state-applied' && frame.version === 2),
      'the confirmation',
    )
    site.control.answerState = 503
    await site.restart()
    expect(site.edge.status()).toMatchObject({ site: 'Attic', state: { version: 2 } })
  })

  test('of an older version is ignored, of another generation taken', async () => {
    site.control.setState({ version: 5 })
    await until(() => version() === 5, 'version 5')
    site.control.setState({ version: 3 })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(version()).toBe(5)
    site.control.setState({ version: 3, generation: 'g2' })
    await until(() => version() === 3, 'the other generation')
  })

  test('of another site is never taken', async () => {
    await until(() => version() === 1, 'version 1')
    site.control.setState({ siteId: 'site-2' })
    await until(() => site.warnings.find((warning) => warning.includes('another site')), 'the warning')
    expect(version()).toBe(1)
  })
})

describe('network services', () => {
  test('run only while an interface is on', async () => {
    await until(() => site.edge.status().state, 'a state')
    expect(site.edge.agentPort()).toBeNull()
    site.control.setState({ interfaces: [{ name: loopback.name, mode: 'proxy' }] })
    const port = await until(() => site.edge.agentPort(), 'the port')
    const images = await until(() => site.edge.imagePort(), 'the image server')
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    await until(() => site.edge.status().health.ok, 'its processes')
    const unready = await fetch(`http://127.0.0.1:${port}/readyz`)
    expect(unready.status).toBe(503)
    expect(await unready.json()).toMatchObject({ code: 'not-ready', errors: [{ path: 'boot-bundle' }] })
    expect((await fetch(`http://127.0.0.1:${images}/healthz`)).status).toBe(200)
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(metrics).toContain('dragonfly_edge_tunnel_connected 1')
    expect((await fetch(`http://127.0.0.1:${port}/phone-home/d1/nonsense`)).status).toBe(404)
    site.control.setState({ interfaces: [] })
    await until(() => site.edge.agentPort() === null, 'the port to close')
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
  })

  test('an interface without an address is a problem until it is switched off', async () => {
    site.control.setState({ interfaces: [{ name: 'eth7', mode: 'proxy' }] })
    await site.event('edge.problem', (event) => event.message?.includes('eth7') ?? false)
    site.control.setState({ interfaces: [] })
    await site.event('edge.problem', (event) => event.message === null)
  })
})

test('listens for DHCP servers when it is asked to, and does not hear itself', async () => {
  await until(() => site.edge.status().tunnel.kind === 'connected', 'the tunnel')
  site.control.command({ type: 'observe-dhcp' })
  expect(await site.event('edge.dhcp')).toMatchObject({
    interfaces: [{ name: loopback.name, servers: [], failure: null }],
  })
})

describe('the boot bundle', () => {
  const files = { vmlinuz: randomBytes(5_000_000), 'initrd.img': randomBytes(300) }

  test('is fetched in checked pieces and unpacked', async () => {
    const version = await site.control.setBundle(files)
    site.control.setState({ bundleVersion: version })
    expect(await site.event('bundle.ready')).toMatchObject({ version })
    const dir = join(site.dataDir, 'bundles')
    expect((await readFile(join(dir, version, 'vmlinuz'))).equals(files.vmlinuz)).toBe(true)
    const next = await site.control.setBundle({ ...files, vmlinuz: randomBytes(100) })
    site.control.setState({ bundleVersion: next })
    await site.event('bundle.ready', (event) => event.version === next)
    await until(() => site.edge.status().bundle === next, 'the new bundle')
    expect(await readdir(dir)).toContain(next)
  })

  test('that nobody signed is not taken', async () => {
    site.control.setState({ bundleVersion: '000000000000' })
    await site.event('bundle.failed')
    expect(site.edge.status().bundle).toBeNull()
  })
})
