import { machineLog, sites } from '@dragonfly/schema/db'
import { observeDhcpAbility, type SiteEvent } from '@dragonfly/schema/wire'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  createHarness,
  createTeller,
  digest,
  type Harness,
  inventory,
  openTunnel,
  type TestEdge,
} from '../testing/harness.ts'

const otherMac = '52:54:00:99:00:77'
let harness: Harness
let edge: TestEdge
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  edge = await harness.enrol(await harness.createSite())
})

const mac = '52:54:00:00:00:01'
const found: SiteEvent = {
  type: 'machine.inventory',
  machineId: null,
  mac,
  address: '10.0.0.9',
  inventory: inventory(),
}
const lines = (text: string): SiteEvent => ({
  type: 'log',
  machineId: null,
  deploymentId: null,
  mac,
  lines: [{ at: 1, level: 'info', text }],
})

describe('a journal', () => {
  it('is taken once, however often it is sent', async () => {
    const first = await openTunnel(harness, edge)
    expect(await first.next('welcome')).toMatchObject({ ackedSeq: 0 })
    const entries = [found, lines('one'), lines('two')].map((event, index) => ({
      seq: index + 1,
      at: 5,
      event,
    }))
    first.send({ type: 'journal', journalId: 'journal-1', entries })
    expect(await first.next('ack')).toEqual({ type: 'ack', journalId: 'journal-1', seq: 3 })
    first.send({ type: 'journal', journalId: 'journal-1', entries })
    expect(await first.next('ack')).toMatchObject({ seq: 3 })

    const second = await openTunnel(harness, edge)
    expect(await second.next('welcome')).toMatchObject({ ackedSeq: 3 })
    second.send({ type: 'journal', journalId: 'journal-1', entries })
    await second.next('ack')

    expect((await harness.call('GET', '/api/v1/machines')).body.items).toHaveLength(1)
    expect(await harness.deps.db.select().from(machineLog)).toHaveLength(2)
    expect(harness.errors).toEqual([])
  })

  it('is taken once from two tunnels at the same moment', async () => {
    const entries = [found, ...Array.from({ length: 20 }, (_, i) => lines(`line ${i}`))].map(
      (event, index) => ({
        seq: index + 1,
        at: 5,
        event,
      }),
    )
    const tunnels = await Promise.all([openTunnel(harness, edge), openTunnel(harness, edge)])
    for (const tunnel of tunnels) tunnel.send({ type: 'journal', journalId: 'journal-1', entries })
    // Hellos overtake each other on their way to the database: the third must be the newest.
    await Promise.allSettled(tunnels.map((tunnel) => tunnel.next('welcome')))
    const third = await openTunnel(harness, edge)
    third.send({ type: 'journal', journalId: 'journal-1', entries })
    await third.next('ack')
    expect(await harness.deps.db.select().from(machineLog)).toHaveLength(20)
  })

  it('starts anew when the edge has a new one', async () => {
    const { tell, tunnel } = await createTeller(harness, edge)
    await tell(found, lines('one'))
    tunnel.close()
    const next = await openTunnel(harness, edge, { journalId: 'journal-2' })
    expect(await next.next('welcome')).toMatchObject({ ackedSeq: 0 })
    next.send({ type: 'journal', journalId: 'journal-2', entries: [{ seq: 1, at: 6, event: lines('two') }] })
    expect(await next.next('ack')).toMatchObject({ seq: 1 })
    expect(await harness.deps.db.select().from(machineLog)).toHaveLength(2)
  })

  it('is not held up by what is unknown here, or not understood', async () => {
    const { tell, tunnel } = await createTeller(harness, edge)
    const deploymentId = 'gone'
    await tell(
      { type: 'deployment.stage', deploymentId, stage: 'kernel', attempt: 1 },
      { type: 'deployment.failed', deploymentId, stage: 'kernel', reason: 'x', message: 'x' },
      { type: 'image.ready', imageId: 'gone', manifestDigest: digest('a'), sizeBytes: 1, storedBytes: 1 },
      { type: 'image.failed', imageId: 'gone', attempt: 0, reason: 'unreachable', message: 'x' },
      { type: 'machine.ramdisk', machineId: 'gone', mac: '52:54:00:00:00:99', connected: true },
      lines('of nobody'),
      { type: 'journal.gap', from: 2, to: 4 },
    )
    const strange = [
      { seq: 8, at: 1, event: { type: 'from.the.future' } },
      { seq: 9, at: 1, event: found },
    ]
    tunnel.send({ type: 'journal', journalId: 'journal-1', entries: strange } as never)
    expect(await tunnel.next('ack')).toMatchObject({ seq: 9 })
    expect((await harness.call('GET', '/api/v1/machines')).body.items).toHaveLength(1)
    expect(harness.errors).toHaveLength(2)
  })

  it('of one site changes nothing at another', async () => {
    const other = await harness.enrol(await harness.createSite('Cellar'))
    const { tell } = await createTeller(harness, edge)
    await tell(found, { type: 'machine.ramdisk', machineId: null, mac, connected: false })
    const [machine] = (await harness.call('GET', '/api/v1/machines')).body.items
    const stranger = await createTeller(harness, other)
    await stranger.tell({ type: 'machine.ramdisk', machineId: machine.machineId, mac, connected: true })
    const after = await harness.call('GET', `/api/v1/machines/${machine.machineId}`)
    expect(after.body.ramdiskConnected).toBe(false)
  })
})

describe('a tunnel', () => {
  it('tells an edge of another protocol which side to update', async () => {
    const old = await openTunnel(harness, edge, { protocol: 0 })
    expect(await old.next('incompatible')).toMatchObject({ reason: 'edge-too-old' })
    expect(old.closed).not.toBeNull()
    const newer = await openTunnel(harness, edge, { protocol: 9 })
    expect(await newer.next('incompatible')).toMatchObject({ reason: 'edge-too-new' })
  })

  it('drops what is no frame, and goes on', async () => {
    const { tunnel } = await createTeller(harness, edge)
    tunnel.send({ type: 'nonsense' })
    tunnel.send({ type: 'ping' })
    expect(await tunnel.next('pong')).toEqual({ type: 'pong' })
  })

  it('replaces the one that the same edge had', async () => {
    const first = await openTunnel(harness, edge)
    await first.next('welcome')
    const second = await openTunnel(harness, edge)
    await second.next('welcome')
    expect(first.closed?.reason).toContain('replaced')
    expect(harness.deps.connections.count()).toBe(1)
  })
})

describe('machines', () => {
  it('are discovered with their hardware, named by four words', async () => {
    const { tell } = await createTeller(harness, edge)
    await tell(found)
    const { items } = (await harness.call('GET', '/api/v1/machines')).body
    expect(items).toMatchObject([
      {
        status: 'discovered',
        kind: 'metal',
        macs: [mac],
        address: '10.0.0.9',
        serial: 'SN-1',
        product: 'PowerEdge R640',
        cpuThreads: 64,
        memoryBytes: 64e9,
        diskBytes: 240e9,
      },
    ])
    expect(items[0].name).toBe(items[0].fourWords)
    expect(items[0].fourWords).toMatch(/^([A-Z][a-z]+){4}$/)
    expect(harness.live).toContainEqual({ type: 'changed', entity: 'machine', id: items[0].machineId })
    const adopted = await harness.call('POST', `/api/v1/machines/${items[0].machineId}/adopt`, {
      name: 'db-1',
    })
    expect(adopted.body).toMatchObject({ status: 'ready', name: 'db-1', inventory: { firmware: 'uefi' } })
    expect((await harness.call('POST', `/api/v1/machines/${items[0].machineId}/adopt`, {})).status).toBe(409)
  })

  it('are shown as waiting in the ramdisk, which connected before they were known', async () => {
    const { tell } = await createTeller(harness, edge)
    await tell({ type: 'machine.ramdisk', machineId: null, mac, connected: true }, found)
    const connected = async () =>
      (await harness.call('GET', '/api/v1/machines')).body.items[0].ramdiskConnected
    expect(await connected()).toBe(true)
    await tell({ type: 'machine.ramdisk', machineId: null, mac, connected: false })
    expect(await connected()).toBe(false)
  })

  it('that were registered by MAC address are recognised when they boot', async () => {
    const { siteId } = edge
    const { body } = await harness.call('POST', '/api/v1/machines', { siteId, mac, name: 'db-1' })
    const { tell } = await createTeller(harness, edge)
    await tell(
      {
        type: 'machine.netboot',
        mac,
        machineId: body.machineId,
        smbiosUuid: null,
        architecture: 7,
        decision: 'local',
      },
      found,
      { type: 'machine.ramdisk', machineId: null, mac, connected: true },
    )
    const { items } = (await harness.call('GET', '/api/v1/machines')).body
    expect(items).toMatchObject([
      {
        name: 'db-1',
        status: 'ready',
        serial: 'SN-1',
        ramdiskConnected: true,
        lastSeenAt: harness.clock.now,
      },
    ])
  })

  it('are found by what people know of them', async () => {
    const { tell } = await createTeller(harness, edge)
    await tell(found)
    const search = async (q: string) =>
      (await harness.call('GET', `/api/v1/machines?q=${encodeURIComponent(q)}`)).body.items.length
    for (const q of ['R640', 'sn-1', '5254.0000', '10.0.0.9', 'attic']) expect(await search(q), q).toBe(1)
    expect(await search('nothing of this')).toBe(0)
    expect((await harness.call('GET', '/api/v1/machines?status=deployed')).body.items).toEqual([])
    expect((await harness.call('GET', '/api/v1/machines?status=nonsense')).status).toBe(422)
  })

  it('have a log that can be followed', async () => {
    const { tell } = await createTeller(harness, edge)
    await tell(found, lines('one'), lines('two'), lines('three'))
    const [{ machineId }] = (await harness.call('GET', '/api/v1/machines')).body.items
    const read = async (query: string) =>
      (await harness.call('GET', `/api/v1/machines/${machineId}/log${query}`)).body
    const newest = await read('?limit=2')
    expect(newest.lines.map((line: { text: string }) => line.text)).toEqual(['two', 'three'])
    expect((await read(`?after=${newest.lines[0].id}`)).lines).toHaveLength(1)
    expect(await read(`?after=${newest.next}`)).toEqual({ lines: [], next: newest.next })
  })
})

describe('images and edges', () => {
  it('are ready by the first import; another one that differs has failed', async () => {
    const { body } = await harness.call('POST', '/api/v1/images', {
      name: 'Debian',
      url: 'http://x/y.raw',
      checksum: `${digest('a')}  y.raw`,
    })
    expect(body).toMatchObject({ status: 'waiting', checksum: { algorithm: 'sha256' } })
    const { imageId } = body
    const { tell, tunnel } = await createTeller(harness, edge)
    const status = async () => (await harness.call('GET', `/api/v1/images/${imageId}`)).body
    const images = [{ imageId, phase: 'downloading', bytesDone: 5, bytesTotal: 10 }]
    tunnel.send({ type: 'telemetry', deployments: [], images } as never)
    tunnel.send({ type: 'ping' })
    await tunnel.next('pong')
    expect(await status()).toMatchObject({ status: 'importing', edges: [{ bytesDone: 5, bytesTotal: 10 }] })
    await tell({
      type: 'image.failed',
      imageId,
      attempt: 0,
      reason: 'checksum-mismatch',
      message: 'It differs.',
    })
    expect(await status()).toMatchObject({
      status: 'failed',
      edges: [{ failure: { reason: 'checksum-mismatch', message: 'It differs.' } }],
    })
    expect((await harness.call('POST', `/api/v1/images/${imageId}/retry`)).body.status).toBe('waiting')
    const ready = { type: 'image.ready' as const, imageId, sizeBytes: 10, storedBytes: 5 }
    await tell({ ...ready, manifestDigest: digest('b') })
    expect(await status()).toMatchObject({ status: 'ready', sizeBytes: 10, manifestDigest: digest('b') })
    const other = await createTeller(harness, await harness.enrol(await harness.createSite('Cellar')))
    await other.tell({ ...ready, manifestDigest: digest('c') })
    expect((await status()).edges).toMatchObject([
      { status: 'ready' },
      { status: 'failed', failure: { reason: 'manifest-changed' } },
    ])
    expect((await status()).manifestDigest).toBe(digest('b'))
    await tell({ type: 'image.evicted', imageId })
    expect(await status()).toMatchObject({
      status: 'ready',
      edges: [{ status: 'evicted' }, { status: 'failed' }],
    })
  })

  it('report the addresses that they gave out', async () => {
    const { tell } = await createTeller(harness, edge)
    const until = Date.now() + 3_600_000
    const lease = { interface: 'eth0', address: '10.0.0.9', mac, hostname: 'node', startedAt: 1, until }
    await tell({ type: 'dhcp.leases', leases: [lease, { ...lease, address: '10.0.0.10', mac: otherMac }] })
    const list = async () => (await harness.call('GET', `/api/v1/edges/${edge.edgeId}/leases`)).body.items
    expect(await list()).toMatchObject([{ ...lease, machineId: null }, { address: '10.0.0.10' }])
    await tell({ type: 'dhcp.leases', leases: [{ ...lease, until: 2 }] })
    expect(await list()).toMatchObject([{ address: '10.0.0.10' }])
  })

  it('report interfaces, problems and their boot bundle', async () => {
    const { tell } = await createTeller(harness, edge)
    const nic = { name: 'eth0', mac, address: '10.0.0.1', prefixLength: 24, up: true }
    const problem = { type: 'edge.problem' as const, problem: 'port-in-use' }
    await tell(
      { type: 'edge.interfaces', interfaces: [nic] },
      { ...problem, message: 'UDP 67 is taken.' },
      { type: 'bundle.failed', version: 'a', message: 'No space.' },
    )
    const view = async () => (await harness.call('GET', '/api/v1/edges')).body.items[0]
    expect(await view()).toMatchObject({ interfaces: [{ ...nic, mode: 'off' }], problems: [{}, {}] })
    await tell({ ...problem, message: null }, { type: 'bundle.ready', version: '0123456789ab' })
    expect(await view()).toMatchObject({ problems: [], bundleVersion: '0123456789ab' })
  })
})

describe('DHCP servers that an edge heard', () => {
  const observation = (name: string, ...addresses: string[]) => ({
    name,
    servers: addresses.map((address) => ({ address, isProxy: false, bootFile: null })),
    listenedAt: 5,
    failure: null,
  })
  const nic = (name: string) => ({ name, mac, address: '10.0.0.1', prefixLength: 24, up: true })
  const interfaces = async () => (await harness.call('GET', '/api/v1/edges')).body.items[0].interfaces

  it('are shown by interface; what was heard elsewhere before stays', async () => {
    const { tell } = await createTeller(harness, edge)
    await tell({ type: 'edge.interfaces', interfaces: [nic('eth0'), nic('eth1')] })
    expect(await interfaces()).toMatchObject([{ dhcp: null }, { dhcp: null }])
    const [first, second] = [observation('eth0', '10.0.0.9'), observation('eth1')]
    await tell({ type: 'edge.dhcp', interfaces: [first, second] })
    await tell({ type: 'edge.dhcp', interfaces: [observation('eth1', '10.0.0.8')] })
    expect(await interfaces()).toMatchObject([
      { name: 'eth0', dhcp: { servers: first.servers } },
      { name: 'eth1', dhcp: { servers: [{ address: '10.0.0.8' }], listenedAt: 5, failure: null } },
    ])
  })

  it('are asked for where the edge is there, and can', async () => {
    const ask = () => harness.call('POST', `/api/v1/edges/${edge.edgeId}/dhcp-observation`)
    expect((await ask()).body).toMatchObject({ status: 409, code: 'edge-offline' })
    const old = await createTeller(harness, edge)
    expect((await ask()).body).toMatchObject({ status: 409, code: 'edge-too-old' })
    old.tunnel.close()
    const tunnel = await openTunnel(harness, edge, { commands: [observeDhcpAbility] })
    await tunnel.next('welcome')
    expect((await ask()).status).toBe(202)
    expect(await tunnel.next('observe-dhcp')).toEqual({ type: 'observe-dhcp' })
  })
})

describe('an unknown machine that is held', () => {
  const held: SiteEvent = {
    type: 'machine.netboot',
    mac,
    machineId: null,
    smbiosUuid: '4c4c4544-0000-1000-8000-000000000001',
    architecture: 7,
    decision: 'hold',
  }

  it('is shown, so that a person can adopt it; its inventory finds it later', async () => {
    const { tell, tunnel } = await createTeller(harness, edge)
    await tunnel.next('state-changed')
    await tell(held)
    expect(await tunnel.next('state-changed')).toMatchObject({ version: 2 })
    const list = async () => (await harness.call('GET', '/api/v1/machines')).body.items
    expect(await list()).toMatchObject([{ status: 'discovered', macs: [mac], product: null }])
    await tell(held, found)
    expect(await list()).toMatchObject([{ status: 'discovered', macs: [mac], product: 'PowerEdge R640' }])
  })

  it('is not taken in where it was left alone', async () => {
    const { tell } = await createTeller(harness, edge)
    await tell({ ...held, decision: 'ignore' }, { ...held, decision: 'discover' })
    expect((await harness.call('GET', '/api/v1/machines')).body.items).toEqual([])
  })
})

it('takes the state of a control plane that was restored from an older backup past what its edges hold', async () => {
  const tunnel = await openTunnel(harness, edge, { stateVersion: 41 })
  await tunnel.next('welcome')
  expect(await tunnel.next('state-changed')).toMatchObject({ version: 42 })
  const headers = { authorization: `Bearer ${await edge.token()}` }
  expect((await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body.version).toBe(42)
})

it('tells a site of many new machines a few times, and of the newest version in the end', async () => {
  const teller = await createTeller(harness, edge)
  const many = Array.from({ length: 120 }, (_, index) => {
    const pair = (index + 16).toString(16)
    const mac = `52:54:00:00:01:${pair}`
    const uuid = `4c4c4544-0000-1000-8000-0000000000${pair}`
    return {
      type: 'machine.inventory' as const,
      machineId: null,
      mac,
      address: null,
      inventory: inventory({ mac, uuid, serial: `SN-${index}` }),
    }
  })
  for (const machine of many) await teller.tell(machine)
  const { tunnel } = teller
  const newest = 1 + many.length
  for (;;) if ((await tunnel.next('state-changed')).version === newest) break
  const told = tunnel.received.filter(({ type }) => type === 'state-changed')
  expect(told.length).toBeLessThan(many.length / 4)
})

it('raises the version of a site once for a frame of many new machines', async () => {
  const teller = await createTeller(harness, edge)
  const many = Array.from({ length: 20 }, (_, index) => {
    const mac = `52:54:00:00:01:${index + 16}`
    const told = inventory({ mac, uuid: null, serial: `SN-${index}` })
    return { type: 'machine.inventory' as const, machineId: null, mac, address: null, inventory: told }
  })
  await teller.tell(...many)
  const [site] = await harness.deps.db.select().from(sites)
  expect(site?.stateVersion).toBe(2)
  expect((await harness.call('GET', '/api/v1/machines')).body.items).toHaveLength(20)
})

describe('what machines tell in one frame', () => {
  const machineOf = async () => (await harness.call('GET', '/api/v1/machines')).body.items[0]
  const ramdisk = (connected: boolean): SiteEvent => ({
    type: 'machine.ramdisk',
    machineId: null,
    mac,
    connected,
  })

  it('is kept as it was told, whatever characters it has', async () => {
    const { tell } = await createTeller(harness, edge)
    const model = 'PowerEdge "R750" \\ ü 😀'
    const told = inventory()
    const shown = { ...told, smbios: { ...told.smbios, product: model } }
    await tell(found)
    await tell(
      { type: 'machine.inventory', machineId: null, mac, address: null, inventory: shown },
      lines('one "quoted" \\ \u001b[31m ü 😀'),
      lines('half \ud800 a pair'),
    )
    const machine = await machineOf()
    expect(machine).toMatchObject({ product: model, address: '10.0.0.9' })
    const { body } = await harness.call('GET', `/api/v1/machines/${machine.machineId}`)
    expect(body.inventory).toEqual(shown)
    const log = await harness.deps.db.select().from(machineLog).orderBy(machineLog.id)
    expect(log.map(({ text }) => text)).toEqual(['one "quoted" \\ \u001b[31m ü 😀', 'half \ufffd a pair'])
  })

  it('counts in the order in which it was told', async () => {
    const { tell } = await createTeller(harness, edge)
    await tell(found)
    await tell(ramdisk(false), ramdisk(true))
    expect(await machineOf()).toMatchObject({ ramdiskConnected: true })
    await tell(found, ramdisk(false))
    expect(await machineOf()).toMatchObject({ ramdiskConnected: false })
    await tell(ramdisk(false), found)
    expect(await machineOf()).toMatchObject({ ramdiskConnected: true })
  })

  it('leaves a ramdisk to the edge that it went to', async () => {
    const { tell } = await createTeller(harness, edge)
    const other = await createTeller(harness, await harness.enrol(edge.siteId))
    await tell(found)
    await other.tell(ramdisk(true))
    await tell(ramdisk(false))
    expect(await machineOf()).toMatchObject({ ramdiskConnected: true })
    await tell(ramdisk(true), ramdisk(false))
    expect(await machineOf()).toMatchObject({ ramdiskConnected: false })
  })
})
