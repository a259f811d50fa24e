import { describe, expect, it } from 'vitest'
import { connect, createAdopted, sealed } from '../../testing/adopted-bmc.ts'
import { inventory } from '../../testing/harness.ts'

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
