import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { connect, createAdopted, kinds, sealed } from '../../testing/adopted-bmc.ts'
import type { TestEdge } from '../../testing/harness.ts'

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
