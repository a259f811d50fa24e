import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createHarness, type Harness, inventory, openTunnel, type TestEdge } from '../../testing/harness.ts'

const coordinate = 'A'.repeat(43)
const sealed = {
  protected: 'eyJlbmMiOiJBMjU2R0NNIn0',
  iv: 'aXY',
  ciphertext: 'c2VhbGVkLWJ5LWEtYnJvd3Nlcg',
  tag: 'dGFn',
  recipients: [
    {
      header: {
        alg: 'ECDH-ES+A256KW',
        kid: coordinate,
        epk: { kty: 'EC', crv: 'P-256', x: coordinate, y: coordinate },
      },
      encrypted_key: 'a2V5',
    },
  ],
}
const kinds = ['bmc.probe', 'bmc.read', 'bmc.identify', 'bmc.control']

async function createAdopted() {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const edge = await harness.enrol(siteId)
  const adopted = await harness.call('POST', '/api/v1/bmcs', { siteId, address: 'HTTPS://10.0.0.17/' })
  const { machineId } = adopted.body
  return { harness, siteId, edge, adopted, machineId, path: `/api/v1/machines/${machineId}` }
}

/** An edge whose commands are answered by the test. */
async function connect(
  harness: Harness,
  edge: TestEdge,
  commands: string[] | null = kinds,
  journalId = 'j1',
) {
  const tunnel = await openTunnel(harness, edge, { journalId, ...(commands ? { commands } : {}) })
  const { ackedSeq } = await tunnel.next('welcome')
  let seq = ackedSeq
  return {
    tunnel,
    async tell(event: object) {
      tunnel.send({
        type: 'journal',
        journalId,
        entries: [{ seq: ++seq, at: harness.clock.now, event }],
      } as never)
      await tunnel.next('ack')
    },
  }
}

describe('a machine known by its BMC’s address alone', () => {
  it('is taken in, and is told to its site', async () => {
    const { harness, adopted, machineId, edge, path } = await createAdopted()
    expect(adopted.status).toBe(201)
    expect(adopted.body).toMatchObject({
      name: '10.0.0.17',
      status: 'ready',
      macs: [],
      bmc: { address: '10.0.0.17', powerState: 'unknown', problem: null },
    })
    expect((await harness.call('GET', `${path}/bmc`)).body).toMatchObject({
      protocol: 'auto',
      hasCredentials: false,
      capabilities: [],
    })
    const headers = { authorization: `Bearer ${await edge.token()}` }
    const state = (await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body
    expect(state.machines).toMatchObject([{ machineId, macs: [], bmc: { address: '10.0.0.17' } }])
  })

  it('is refused where the address is another machine’s BMC, or none', async () => {
    const { harness, siteId } = await createAdopted()
    const again = await harness.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.17' })
    expect(again).toMatchObject({ status: 409, body: { code: 'bmc-taken' } })
    for (const address of ['', 'not an address', '10.0.0.17;reboot', '../x', '-a']) {
      expect((await harness.call('POST', '/api/v1/bmcs', { siteId, address })).status).toBe(422)
    }
  })

  it('is known by its serial number where its BMC tells no UUID', async () => {
    const { harness, edge, machineId, path } = await createAdopted()
    const site = await connect(harness, edge)
    const identity = { vendor: null, model: null, firmware: null, serial: 'S-17', guid: null }
    await site.tell({ type: 'bmc.identified', machineId, identity, capabilities: {} })
    expect((await harness.call('GET', path)).body.serial).toBe('S-17')
  })

  it('is known by its UUID once its BMC has been asked', async () => {
    const { harness, edge, machineId, path } = await createAdopted()
    const site = await connect(harness, edge)
    const identity = {
      vendor: 'Supermicro',
      model: 'X11',
      firmware: '1.74',
      serial: 'S-17',
      guid: '4c4c4544-0000-1000-8000-000000000017',
    }
    const capabilities = {
      power: { driver: 'ipmi' },
      console: { failures: [{ driver: 'ipmi', reason: 'off', message: 'Switched off.' }] },
    }
    await site.tell({ type: 'bmc.identified', machineId, identity, capabilities })
    await site.tell({ type: 'bmc.power', machineId, powerState: 'off', problem: null })
    expect((await harness.call('GET', path)).body).toMatchObject({
      smbiosUuid: identity.guid,
      serial: null,
      manufacturer: 'Supermicro',
      bmc: { powerState: 'off', powerStateAt: harness.clock.now },
    })
    expect((await harness.call('GET', `${path}/bmc`)).body).toMatchObject({
      edgeId: edge.edgeId,
      firmware: '1.74',
      capabilities: [
        { capability: 'power', driver: 'ipmi', failures: [] },
        { capability: 'console', driver: null, failures: [{ reason: 'off' }] },
      ],
    })
  })

  it('keeps to the certificate that was seen first, until a person forgets it', async () => {
    const { harness, edge, machineId, path } = await createAdopted()
    const site = await connect(harness, edge)
    const [first, second] = ['a1'.repeat(32), 'b2'.repeat(32)]
    const see = (tlsPin: string) => {
      const identity = { vendor: null, model: null, firmware: null, serial: null, guid: null, tlsPin }
      return site.tell({ type: 'bmc.identified', machineId, identity, capabilities: {} })
    }
    const pin = async () => (await harness.call('GET', `${path}/bmc`)).body.tlsPin
    expect(await pin()).toBeNull()
    await see(first)
    await see(second)
    expect(await pin()).toBe(first)
    const { address } = (await harness.call('GET', `${path}/bmc`)).body
    await harness.call('PUT', `${path}/bmc`, { address })
    expect(await pin()).toBe(first)
    await harness.call('PUT', `${path}/bmc`, { address, forgetCertificate: true })
    expect(await pin()).toBeNull()
    await see(second)
    expect(await pin()).toBe(second)
  })

  it('shows another certificate beside the first, and keeps to the one that a person accepts', async () => {
    const { harness, edge, machineId, path } = await createAdopted()
    const site = await connect(harness, edge)
    const [first, second] = ['a1'.repeat(32), 'b2'.repeat(32)]
    const pins = async () => {
      const { tlsPin, refusedTlsPin } = (await harness.call('GET', `${path}/bmc`)).body
      return [tlsPin, refusedTlsPin]
    }
    const see = (tlsPin: string | null) => site.tell({ type: 'bmc.certificate', machineId, tlsPin })
    const identity = { vendor: null, model: null, firmware: null, serial: null, guid: null }
    const identify = (tlsPin?: string) =>
      site.tell({ type: 'bmc.identified', machineId, identity: { ...identity, tlsPin }, capabilities: {} })
    await identify(first)
    await see(second)
    // Another driver reaches it all the same.
    await identify()
    expect(await pins()).toEqual([first, second])
    const { lines } = (await harness.call('GET', `${path}/log`)).body
    expect(lines).toMatchObject([{ level: 'warning', text: expect.stringContaining(second) }])
    await see(null)
    expect(await pins()).toEqual([first, null])
    await see(second)
    await identify(first)
    expect(await pins()).toEqual([first, null])
    await see(second)
    const { address } = (await harness.call('GET', `${path}/bmc`)).body
    await harness.call('PUT', `${path}/bmc`, { address, acceptCertificate: second })
    expect(await pins()).toEqual([second, null])
    const headers = { authorization: `Bearer ${await edge.token()}` }
    const state = (await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body
    expect(state.machines[0].bmc.tlsPin).toBe(second)
  })

  it('keeps its last power state when its BMC is lost, and says that it is', async () => {
    const { harness, edge, machineId, path } = await createAdopted()
    const site = await connect(harness, edge)
    const seenAt = harness.clock.now
    await site.tell({ type: 'bmc.power', machineId, powerState: 'on', problem: null })
    harness.clock.now += 60_000
    await site.tell({ type: 'bmc.power', machineId, powerState: 'unknown', problem: 'It does not answer.' })
    expect((await harness.call('GET', path)).body.bmc).toMatchObject({
      powerState: 'on',
      powerStateAt: seenAt,
      problem: 'It does not answer.',
    })
  })
})

it('joins a machine with what its ramdisk says, though its BMC sent the UUID in another order', async () => {
  const { harness, edge, machineId, path } = await createAdopted()
  const site = await connect(harness, edge)
  const guid = '00112233-4455-6677-8899-aabbccddeeff'
  const identity = { vendor: null, model: null, firmware: null, serial: null, guid }
  await site.tell({ type: 'bmc.identified', machineId, identity, capabilities: {} })
  const uuid = 'ffeeddcc-bbaa-9988-6677-445500112233'
  const mac = '52:54:00:00:00:17'
  await site.tell({
    type: 'machine.inventory',
    machineId: null,
    mac,
    address: '10.0.0.99',
    inventory: inventory({ mac, uuid, serial: 'S-17' }),
  })
  expect((await harness.call('GET', '/api/v1/machines')).body.items).toHaveLength(1)
  expect((await harness.call('GET', path)).body).toMatchObject({
    macs: [mac],
    smbiosUuid: uuid,
    serial: 'S-17',
  })
})

describe('a machine with two records', () => {
  const mac = '52:54:00:00:00:17'
  const uuid = 'ffeeddcc-bbaa-9988-6677-445500112233'
  const guid = '00112233-4455-6677-8899-aabbccddeeff'
  const told = { vendor: 'Supermicro', model: 'X11', firmware: null, serial: null, guid }

  /** One that showed itself before its BMC was entered, with a history of its own. */
  async function createBoth() {
    const made = await createAdopted()
    const { harness, siteId, edge, machineId } = made
    const site = await connect(harness, edge)
    const other = (await harness.call('POST', '/api/v1/machines', { siteId, mac, name: 'web-17' })).body
    await harness.call('PATCH', `/api/v1/machines/${other.machineId}`, { tags: ['gpu'] })
    const showItself = () =>
      site.tell({
        type: 'machine.inventory',
        machineId: null,
        mac,
        address: '10.0.0.99',
        inventory: inventory({ mac, uuid, serial: 'S-17' }),
      })
    const identify = (id = machineId) =>
      site.tell({ type: 'bmc.identified', machineId: id, identity: told, capabilities: {} })
    const list = async () => (await harness.call('GET', '/api/v1/machines')).body.items
    return { ...made, other: other.machineId as string, showItself, identify, list }
  }

  it('gets one of them, whichever is told of first, and nothing is lost', async () => {
    for (const order of ['bmc', 'ramdisk'] as const) {
      const { harness, machineId, other, path, showItself, identify, list } = await createBoth()
      await harness.call('PUT', `${path}/bmc`, { address: '10.0.0.17', credentials: sealed })
      await harness.call('POST', `/api/v1/machines/${other}/lock`, { reason: 'Photographs.' })
      if (order === 'bmc') await identify()
      await showItself()
      if (order === 'ramdisk') await identify()
      expect(await list()).toMatchObject([
        {
          machineId,
          name: 'web-17',
          macs: [mac],
          tags: ['gpu'],
          smbiosUuid: uuid,
          serial: 'S-17',
          locked: true,
          lockReason: 'Photographs.',
          bmc: { address: '10.0.0.17' },
        },
      ])
      expect((await harness.call('GET', `${path}/bmc`)).body).toMatchObject({ hasCredentials: true })
      expect((await harness.call('GET', `/api/v1/machines/${other}`)).status).toBe(404)
      const [entry] = (await harness.call('GET', `/api/v1/audit?operation=joinMachines`)).body.items
      expect(entry).toMatchObject({ machineId, subject: 'web-17', details: { joined: other } })
      expect((await harness.call('GET', '/api/v1/audit/verify')).body.intact).toBe(true)
    }
  })

  it('keeps both where a third has the same UUID, or where the other has a BMC of its own', async () => {
    const one = await createBoth()
    await one.harness.call('PUT', `/api/v1/machines/${one.other}/bmc`, { address: '10.0.0.18' })
    await one.showItself()
    await one.identify()
    expect(await one.list()).toHaveLength(2)
    const two = await createBoth()
    const { siteId } = two
    const twin = (await two.harness.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.19' })).body
    await two.identify()
    await two.identify(twin.machineId)
    await two.showItself()
    expect(await two.list()).toHaveLength(3)
  })

  it('waits until a deployment has ended, whose order names its record, and takes its history along', async () => {
    const { harness, machineId, other, showItself, identify, list } = await createBoth()
    const { deps } = harness
    await showItself()
    const columns = `(deployment_id, machine_id, machine_name, site_id, image_id, image_name, template_id, template_title,
      hostname, disk, plan, epoch, status, stage, created_at, armed_until)`
    await deps.db.run(`insert into deployments ${columns} select 'd17', '${other}', 'web-17', site_id, 'i', 'Debian', 't',
      'Image', 'web-17', '{"by":"smallest","kind":"any"}', '{}', 1, 'running', 'powering', 1, 1 from machines
      where machine_id = '${other}'`)
    await identify()
    expect(await list()).toHaveLength(2)
    await deps.db.run(`update deployments set status = 'done', ended_at = 2 where deployment_id = 'd17'`)
    await identify()
    expect(await list()).toMatchObject([{ machineId, name: 'web-17' }])
    expect(await deps.db.all(`select machine_id from deployments`)).toEqual([{ machine_id: machineId }])
  })
})

describe('a machine with two records, of which a BMC tells only network cards', () => {
  const mac = '3c:ec:ef:00:00:17'
  const noSigns = { vendor: 'Supermicro', model: 'X11', firmware: null, serial: 'CHASSIS-17', guid: null }

  async function create() {
    const made = await createAdopted()
    const { harness, edge, siteId } = made
    const site = await connect(harness, edge)
    const identify = (machineId: string, told: object = { macs: ['3C:EC:EF:00:00:16'.toLowerCase(), mac] }) =>
      site.tell({
        type: 'bmc.identified',
        machineId,
        identity: { ...noSigns, ...told },
        capabilities: {},
      })
    const showItself = (shown = mac, uuid = '4c4c4544-0000-1000-8000-000000000017') =>
      site.tell({
        type: 'machine.inventory',
        machineId: null,
        mac: shown,
        address: '10.0.0.99',
        inventory: inventory({ mac: shown, uuid, serial: `S-${shown}` }),
      })
    const adopt = async (address: string): Promise<string> =>
      (await harness.call('POST', '/api/v1/bmcs', { siteId, address })).body.machineId
    const list = async () => (await harness.call('GET', '/api/v1/machines')).body.items
    const warnings = async (machineId: string): Promise<string[]> => {
      const { body } = await harness.call('GET', `/api/v1/machines/${machineId}/log`)
      const lines: { level: string; text: string }[] = body.lines
      return lines.flatMap(({ level, text }) => (level === 'warning' ? [text] : []))
    }
    return { ...made, identify, showItself, adopt, list, warnings }
  }

  it.each(['bmc', 'ramdisk'])('gets one of them, when the %s is told of first', async (first) => {
    const { machineId, identify, showItself, list, warnings } = await create()
    if (first === 'bmc') await identify(machineId)
    await showItself()
    if (first === 'ramdisk') await identify(machineId)
    expect(await list()).toMatchObject([{ machineId, macs: [mac], bmc: { address: '10.0.0.17' } }])
    expect(await warnings(machineId)).toEqual([])
  })

  it('keeps them all where two BMCs tell of the same card, and says so once on each page', async () => {
    const { machineId, identify, showItself, adopt, list, warnings } = await create()
    const twin = await adopt('10.0.0.18')
    await identify(machineId)
    await identify(twin)
    await showItself()
    await showItself()
    expect(await list()).toHaveLength(3)
    for (const each of [machineId, twin])
      expect(await warnings(each)).toEqual([expect.stringContaining('nothing was joined')])
    expect((await warnings(machineId))[0]).toContain('10.0.0.18')
  })

  it('keeps them all where two machines show cards of one BMC', async () => {
    const { machineId, identify, showItself, list, warnings } = await create()
    await showItself()
    await showItself('3c:ec:ef:00:00:16', '4c4c4544-0000-1000-8000-000000000016')
    await identify(machineId)
    expect(await list()).toHaveLength(3)
    expect(await warnings(machineId)).toHaveLength(1)
  })

  it('keeps both where they tell different UUIDs, or where the card is one that all BMCs show', async () => {
    const one = await create()
    const guid = '4c4c4544-0000-1000-8000-000000000099'
    await one.identify(one.machineId, { macs: [mac], guid })
    await one.showItself()
    expect(await one.list()).toHaveLength(2)
    expect(await one.warnings(one.machineId)).toHaveLength(1)
    const two = await create()
    const shared = 'be:3a:f2:b6:05:9f'
    await two.identify(two.machineId, { macs: [shared] })
    await two.showItself(shared)
    expect(await two.list()).toHaveLength(2)
    expect(await two.warnings(two.machineId)).toEqual([])
  })

  it('says so, too, where the machine has another BMC', async () => {
    const { harness, machineId, identify, showItself, list, warnings } = await create()
    await showItself()
    const [shown] = (await list()).filter(({ macs }: { macs: string[] }) => macs.length > 0)
    await harness.call('PUT', `/api/v1/machines/${shown.machineId}/bmc`, { address: '10.0.0.19' })
    await identify(machineId)
    expect(await list()).toHaveLength(2)
    expect(await warnings(shown.machineId)).toEqual([expect.stringContaining('10.0.0.17')])
  })
})

describe('credentials', () => {
  it('go to the site as ciphertext, and come back to nobody', async () => {
    const { harness, edge, path } = await createAdopted()
    const set = await harness.call('PUT', `${path}/bmc`, { address: '10.0.0.17', credentials: sealed })
    expect(set).toMatchObject({ status: 200, body: { hasCredentials: true } })
    const headers = { authorization: `Bearer ${await edge.token()}` }
    const state = (await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body
    expect(state.machines[0].bmc.credentials).toEqual(sealed)
    const shown = await Promise.all(
      [path, `${path}/bmc`, '/api/v1/machines', '/api/v1/commands', '/api/v1/audit'].map((address) =>
        harness.call('GET', address),
      ),
    )
    expect(JSON.stringify(shown.map(({ body }) => body))).not.toContain(sealed.ciphertext)
    expect(JSON.stringify(harness.live)).not.toContain(sealed.ciphertext)
  })

  it('stay with their address: another one makes them worthless', async () => {
    const { harness, path } = await createAdopted()
    const put = async (body: object) => (await harness.call('PUT', `${path}/bmc`, body)).body
    await put({ address: '10.0.0.17', credentials: sealed })
    expect(await put({ address: '10.0.0.17', protocol: 'ipmi' })).toMatchObject({ hasCredentials: true })
    expect(await put({ address: '10.0.0.18' })).toMatchObject({ hasCredentials: false })
  })

  it('are refused in clear', async () => {
    const { harness, path } = await createAdopted()
    for (const credentials of [
      { username: 'root', password: 'calvin' },
      'calvin',
      { ...sealed, recipients: [] },
    ])
      expect((await harness.call('PUT', `${path}/bmc`, { address: '10.0.0.17', credentials })).status).toBe(
        422,
      )
  })
})

describe('power', () => {
  it('is a signed order for one command, one machine and one address', async () => {
    const { harness, edge, machineId, siteId, path } = await createAdopted()
    const { tunnel } = await connect(harness, edge)
    const answer = await harness.call('POST', `${path}/power`, { operation: 'cycle' })
    expect(answer).toMatchObject({
      status: 202,
      body: { status: 'pending', queued: false, title: 'Power cycle' },
    })
    const { commandId, command, deadline } = await tunnel.next('command')
    expect(commandId).toBe(answer.body.commandId)
    if (command.kind !== 'bmc.control') throw new Error(command.kind)
    expect(decodeJwt(command.order)).toMatchObject({
      aud: siteId,
      jti: commandId,
      exp: Math.ceil(deadline / 1000),
      machineId,
      bmcAddress: '10.0.0.17',
      what: { action: 'power', operation: 'cycle' },
      safety: 'power',
    })
  })

  it('obeys the lock, the switch, the role and safe mode', async () => {
    const { harness, machineId, path } = await createAdopted()
    const off = () => harness.call('POST', `${path}/power`, { operation: 'off' })
    await harness.call('PUT', '/api/v1/safety/mode', { mode: 'safe' })
    expect(await off()).toMatchObject({ status: 428, body: { code: 'confirmation-required' } })
    const targets = { machineId, operation: 'off' }
    const { body } = await harness.call('POST', '/api/v1/confirmations', {
      operation: 'powerMachine',
      targets,
    })
    harness.clock.now += 2000
    const confirmed = await harness.call(
      'POST',
      `${path}/power`,
      { operation: 'off' },
      { 'x-dragonfly-confirmation': body.confirmationId },
    )
    expect(confirmed.status).toBe(202)
    // To switch on destroys nothing.
    expect((await harness.call('POST', `${path}/power-on`)).status).toBe(202)
    await harness.call('PUT', '/api/v1/safety/mode', { mode: 'power' })
    await harness.call('PUT', '/api/v1/safety/switches', {
      siteId: null,
      control: 'powerControl',
      position: 'off',
    })
    expect(await off()).toMatchObject({ status: 409, body: { code: 'power-refused' } })
    await harness.call('PUT', '/api/v1/safety/switches', {
      siteId: null,
      control: 'powerControl',
      position: 'on',
    })
    expect((await off()).status).toBe(202)
    await harness.call('POST', `${path}/lock`, {})
    expect(await off()).toMatchObject({ status: 409, body: { code: 'power-refused' } })
    expect((await harness.call('POST', `${path}/bmc/boot-device`, { device: 'pxe' })).status).toBe(409)
    await harness.signInAs('user')
    expect((await off()).status).toBe(403)
  })

  it('switches many machines, some at a time, with a verdict for each', async () => {
    const { harness, siteId, edge, machineId } = await createAdopted()
    const { tunnel } = await connect(harness, edge)
    const more = await Promise.all(
      [18, 19, 20].map((last) => harness.call('POST', '/api/v1/bmcs', { siteId, address: `10.0.0.${last}` })),
    )
    const machineIds = [machineId, ...more.map(({ body }) => body.machineId), 'nobody']
    await harness.call('POST', `/api/v1/machines/${machineIds[1]}/lock`, {})
    const input = { machineIds, atOnce: 2, everySeconds: 5 }
    const { body } = await harness.call('POST', '/api/v1/bulk/power-on', input)
    expect(body.items.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'done',
      'refused',
      'done',
      'queued',
      'refused',
    ])
    const sent = () => tunnel.received.filter(({ type }) => type === 'command').length
    expect(sent()).toBe(2)
    const { tendCommands } = await import('../commands/dispatch.ts')
    await tendCommands(harness.deps)
    expect(sent()).toBe(2)
    harness.clock.now += 5000
    await tendCommands(harness.deps)
    expect(sent()).toBe(3)
  })
})

describe('a deployment', () => {
  it('carries an order to netboot the machine, for the one edge that is to do it', async () => {
    const { harness, siteId, edge, machineId } = await createAdopted()
    const { tunnel, tell } = await connect(harness, edge)
    const image = await harness.call('POST', '/api/v1/images', {
      name: 'Debian 12',
      url: 'https://cloud.debian.org/images/debian-12.raw',
      checksum: 'a'.repeat(64),
    })
    const { imageId } = image.body
    const ready = {
      type: 'image.ready',
      imageId,
      manifestDigest: 'b'.repeat(64),
      sizeBytes: 3e9,
      storedBytes: 1e9,
    }
    await tell(ready)
    const request = {
      machineId,
      imageId,
      hostname: 'web-1',
      disk: { by: 'largest', kind: 'any' },
      sshKeys: [],
    }
    const early = await harness.call('POST', '/api/v1/deployments', request)
    expect(early).toMatchObject({ status: 409, body: { code: 'machine-unrecognisable' } })
    const identity = {
      vendor: null,
      model: null,
      firmware: null,
      serial: null,
      guid: '4c4c4544-0000-1000-8000-000000000017',
    }
    await tell({ type: 'bmc.identified', machineId, identity, capabilities: {} })
    const deployed = await harness.call('POST', '/api/v1/deployments', request)
    expect(deployed.status).toBe(201)
    const other = await harness.enrol(siteId)
    await connect(harness, other, kinds, 'j2')
    const stateOf = async (who: TestEdge) => {
      const headers = { authorization: `Bearer ${await who.token()}` }
      return (await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body.deployments[0]
    }
    const { netbootOrder, deploymentId } = await stateOf(edge)
    expect(decodeJwt(netbootOrder)).toMatchObject({
      jti: deploymentId,
      what: { action: 'netboot', uefi: null },
    })
    expect((await stateOf(other)).netbootOrder).toBeUndefined()
    const note = { type: 'deployment.note', deploymentId, stage: 'powering', attempt: 1 } as const
    await tell({ ...note, note: 'It was off.' })
    const waitingFor = 'switch it on.'
    await tell({ ...note, note: 'No answer.', waitingFor })
    const view = (await harness.call('GET', `/api/v1/deployments/${deploymentId}`)).body
    expect(view).toMatchObject({
      status: 'armed',
      timeline: [{ note: null }, { note: 'It was off.', waitingFor: null }, { waitingFor }],
    })
    tunnel.close()
    expect((await stateOf(other)).netbootOrder).toBe(netbootOrder)
  })
})
